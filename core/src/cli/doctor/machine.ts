import { readFile, stat } from 'node:fs/promises';
import { systemClock } from '../../context/index.ts';
import { fail, type Finding, ok, skip, warn } from './finding.ts';

const OLDEST_NODE = [22, 12] as const;

/** Whether Node.js is new enough. */
export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return enough
    ? ok('node', `Node.js ${version}`)
    : fail('node', `Node.js ${version}`, `Install Node.js ${OLDEST_NODE.join('.')} or newer.`);
}

/** Bits of the effective set in /proc/self/status; linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

/** What of the capabilities that the kernel's doors ask for is missing in a CapEff mask. */
function missingCapabilities(effective: bigint): readonly string[] {
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) => (((effective >> BigInt(bit)) & 1n) === 1n ? [] : [name]));
}

/** Whether this process may do what an agent does. */
export async function checkPrivileges(): Promise<Finding> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (mask === undefined) return skip('privileges', 'this system has no Linux capabilities');
  const missing = missingCapabilities(BigInt(`0x${mask}`));
  if (missing.length === 0) return ok('privileges', `user ${process.getuid?.() ?? '?'} with all capabilities that are needed`);
  return fail(
    'privileges',
    `user ${process.getuid?.() ?? '?'} lacks ${missing.join(', ')}`,
    'Run the agent as root, or give it these capabilities.',
  );
}

/** No certificate and no lease is older than this program. */
const EARLIEST_PLAUSIBLE = Date.parse('2026-01-01T00:00:00Z');
const SYNCHRONISED_MARKS = [
  '/run/systemd/timesync/synchronized',
  '/run/chrony/chronyd.pid',
  '/var/run/chrony/chronyd.pid',
  '/run/ntpd.pid',
];

/** Whether the time is plausible and somebody keeps it. */
export async function checkClock(now: number = systemClock.now()): Promise<readonly Finding[]> {
  const shown = new Date(now).toISOString();
  if (now < EARLIEST_PLAUSIBLE) return [fail('clock', `it says ${shown}`, 'Set the clock: leases, cooldowns and cloud calls go by it.')];
  const marks = await Promise.all(
    SYNCHRONISED_MARKS.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (marks.includes(true)) return [ok('clock', `${shown}, kept by a time service`)];
  return [
    warn('clock', `${shown}; no time service is seen here`, 'Make sure that something keeps the time, on this machine or on its host.'),
  ];
}
