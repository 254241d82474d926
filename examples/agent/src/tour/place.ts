import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Where the tour's node lives. */
export type Place = 'own-network' | 'user-namespace' | 'simulated';

export interface Choice {
  readonly place: Place;
  /** A clause for people: which host and why. */
  readonly why: string;
}

/** What `unshare` is to take apart, and its arguments for it. The tour's links live and die with that namespace. */
export const UNSHARE: Readonly<Record<Exclude<Place, 'simulated'>, readonly string[]>> = {
  'own-network': ['--net', '--mount', '--propagation', 'slave'],
  'user-namespace': ['--user', '--map-root-user', '--net', '--mount'],
};

/** The real kernel as root, else inside an unprivileged user namespace, else the simulated host. */
export function choosePlace(simulatedAsked: boolean): Choice {
  if (simulatedAsked) return { place: 'simulated', why: 'the simulated host, as asked' };
  if (process.platform !== 'linux') return { place: 'simulated', why: `the simulated host: ${process.platform} has no Linux kernel` };
  if (hasCapabilities() && canUnshare('own-network'))
    return { place: 'own-network', why: 'the real kernel, in a network namespace of its own (privileged)' };
  if (canUnshare('user-namespace'))
    return { place: 'user-namespace', why: 'the real kernel, inside an unprivileged user and network namespace' };
  return { place: 'simulated', why: 'the simulated host: neither root, nor may this user make network namespaces' };
}

const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;

function hasCapabilities(): boolean {
  const effective = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (effective === undefined) return false;
  const mask = BigInt(`0x${effective}`);
  return [CAP_NET_ADMIN, CAP_SYS_ADMIN].every((capability) => (mask >> capability) & 1n);
}

function canUnshare(place: Exclude<Place, 'simulated'>): boolean {
  return spawnSync('unshare', [...UNSHARE[place], 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
}

/** Set for the process that runs inside the namespaces made for it. */
export const INSIDE_VARIABLE = 'HAWSER_TRY_INSIDE';

/** The place that this process was put into by `runInside`; undefined for the one that a person started. */
export function alreadyInside(): Exclude<Place, 'simulated'> | undefined {
  const place = process.env[INSIDE_VARIABLE];
  return place === 'own-network' || place === 'user-namespace' ? place : undefined;
}
