import type { Client } from '../api/client.ts';
import { apiErrors } from '../api/errors.ts';
import { systemClock, deadlineSignal } from '../context/index.ts';
import { coreVersion } from '../version.ts';

const PATIENCE_MS = 2_000;

/** What a command has stumbled over: no defect of its own where the agent that it asked is of another version. */
export async function explainAnswer(error: TypeError, client: Pick<Client, 'version'>, socket: string): Promise<Error> {
  using patience = deadlineSignal(systemClock, PATIENCE_MS, 'asking the agent for its version');
  const version = await client.version(patience.signal).catch(() => undefined);
  if (version === undefined || version.core === coreVersion) return error;
  return apiErrors.badAnswer(
    `the agent at ${socket} is of version ${version.core}, this command of ${coreVersion}: it can't read the answer`,
    {
      cause: error,
      details: { socket, agent: version.core, command: coreVersion },
      remedy: 'Use the `hawser` of that version, or start the agent again, which starts the one that is installed now.',
    },
  );
}
