import { join } from 'node:path';
import * as z from 'zod';
import { type Outcome, run } from './command.ts';
import { conflist, type Network } from './network.ts';
import type { PodNamespace } from './pod-namespace.ts';

/** A result of CNI 1.x, the part that tests look at. */
export const CniResult = z.object({
  cniVersion: z.string(),
  interfaces: z.array(z.object({ name: z.string(), mac: z.string().optional(), sandbox: z.string().optional() })),
  ips: z.array(z.object({ address: z.string(), gateway: z.string().optional(), interface: z.number().optional() })),
});

export type CniResult = z.output<typeof CniResult>;

export interface CnitoolOptions {
  readonly ifname?: string;
  /** CNI_ARGS, e.g. `IP=10.213.0.9`. */
  readonly args?: string;
  /** Arguments for capabilities, e.g. `{ ips: ['10.213.0.9/24'] }`. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
}

/** Calls the reference client. */
export function cnitool(
  network: Network,
  verb: 'add' | 'check' | 'del' | 'gc' | 'status',
  namespace: string,
  options: CnitoolOptions = {},
): Promise<Outcome> {
  const { ifname = 'eth0', args, capabilities } = options;
  return run('cnitool', [verb, network.name, namespace], {
    env: {
      NETCONFPATH: network.confDir,
      CNI_PATH: network.binDir,
      CNI_IFNAME: ifname,
      ...(args === undefined ? {} : { CNI_ARGS: args }),
      ...(capabilities === undefined ? {} : { CAP_ARGS: JSON.stringify(capabilities) }),
    },
  });
}

/** ADD that has to succeed. */
export async function add(network: Network, namespace: string, options: CnitoolOptions = {}): Promise<CniResult> {
  const { code, stdout, stderr } = await cnitool(network, 'add', namespace, options);
  if (code !== 0) throw new Error(`cnitool add ended with ${code}: ${stdout} ${stderr}`);
  return CniResult.parse(JSON.parse(stdout));
}

/** Runs an executable as a runtime does, with a network config on its standard input; killed after `timeoutMs`. */
export function exec(
  network: Network,
  type: string,
  env: Readonly<Record<string, string>>,
  config: unknown,
  timeoutMs = 60_000,
): Promise<Outcome> {
  return run(join(network.binDir, type), [], {
    env: { CNI_PATH: network.binDir, ...env },
    input: typeof config === 'string' ? config : JSON.stringify(config),
    timeoutMs,
  });
}

const Settings = z.object({ name: z.string(), plugins: z.array(z.record(z.string(), z.json())) });

export interface Call {
  readonly command: string;
  readonly cniVersion?: string;
  /** The container's namespace, whose name is the container's id too. */
  readonly pod?: PodNamespace;
  /** Beside the installed settings: runtimeConfig, prevResult, cni.dev/valid-attachments. */
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Calls our executable as libcni does, with the installed plugin's settings. */
export function call(network: Network, { command, cniVersion = '1.1.0', pod, config = {}, env = {}, timeoutMs }: Call): Promise<Outcome> {
  const { name, plugins } = Settings.parse(JSON.parse(conflist(network)));
  const attachment = pod === undefined ? {} : { CNI_CONTAINERID: pod.name, CNI_NETNS: pod.path, CNI_IFNAME: 'eth0' };
  return exec(
    network,
    'hawser-cni',
    { CNI_COMMAND: command, ...attachment, ...env },
    { ...plugins[0], name, cniVersion, ...config },
    timeoutMs,
  );
}
