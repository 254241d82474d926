import { stat } from 'node:fs/promises';
import { systemClock } from '../../context/index.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

const OLDEST_NODE = [22, 12] as const;

/** Whether Node.js is new enough. */
export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return enough
    ? ok('node', `Node.js ${version}`)
    : fail('node', `Node.js ${version}`, `Install Node.js ${OLDEST_NODE.join('.')} or newer.`);
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
