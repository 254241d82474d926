import { apiErrors } from '../../api/errors.ts';
import { openClient } from '../../api/open-client.ts';
import { deadlineSignal, systemClock } from '../../context/index.ts';
import { toHawserError } from '../../errors/index.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

const PATIENCE_MS = 2_000;

/** Who answers at the socket. No agent is a remark: the machine may be examined before it is first started. */
export async function checkAgent(socket: string, signal: AbortSignal): Promise<readonly Finding[]> {
  using patience = deadlineSignal(systemClock, PATIENCE_MS, `the agent at ${socket}`, signal);
  try {
    const client = openClient({ socket });
    const { agent, pid, ready } = await client.version(patience.signal);
    const notOk = (await client.plugins(patience.signal)).filter((report) => report.status === 'failed' || report.status === 'degraded');
    const found = `version ${agent}, process ${pid}, at ${socket}`;
    if (!ready) return [warn('agent', `${found}, is not ready`, 'Wait, or see what is still starting with `hawser plugins ls`.')];
    if (notOk.length === 0) return [ok('agent', found)];
    return [
      fail('agent', `${found}; not well: ${notOk.map((report) => report.uri).join(', ')}`, 'See why with `hawser plugins ls -o wide`.'),
    ];
  } catch (thrown) {
    const error = toHawserError(thrown);
    return [(apiErrors.noAgent.is(error) ? warn : fail)('agent', error.message, error.remedy)];
  }
}
