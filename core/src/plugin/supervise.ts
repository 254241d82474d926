import type { Clock } from '../context/index.ts';
import { HawserError } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';

const FIRST_BACK_OFF_MS = 100;
const LAST_BACK_OFF_MS = 30_000;

export interface Supervision {
  readonly name: string;
  readonly worker: (signal: AbortSignal) => Promise<void>;
  readonly restart: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  failed(error: HawserError): void;
  recovered(): void;
}

/**
 * Runs a worker until it returns or the signal aborts, again after each failure. A worker that has held for as long as
 * its next back-off would be counts as recovered, and begins anew with the shortest. Rejects only with what a worker
 * throws after the signal has aborted, unless that is the abort itself.
 */
export async function supervise(supervision: Supervision): Promise<void> {
  const { signal, clock } = supervision;
  let backOffMs = FIRST_BACK_OFF_MS;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      using _held = clock.timer(backOffMs, () => {
        backOffMs = FIRST_BACK_OFF_MS;
        supervision.recovered();
      });
      await supervision.worker(signal);
      supervision.recovered();
      return;
    } catch (thrown) {
      const error = workerError(supervision.name, thrown);
      if (isOver() && isCancellation(thrown, signal)) return;
      if (isOver()) throw error;
      supervision.failed(error);
    }
    if (!supervision.restart || !(await waited(clock, backOffMs, signal))) return;
    backOffMs = Math.min(backOffMs * 2, LAST_BACK_OFF_MS);
  }
}

function workerError(name: string, thrown: unknown): HawserError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const remedy = thrown instanceof HawserError ? { remedy: thrown.remedy } : {};
  return pluginErrors.workerFailed(`worker '${name}' failed: ${message}`, { cause: thrown, ...remedy });
}

/** Whether an error only says that the signal has aborted. */
function isCancellation(thrown: unknown, signal: AbortSignal): boolean {
  if (thrown === signal.reason) return true;
  if (!(thrown instanceof Error)) return false;
  return thrown.name === 'AbortError' || (thrown instanceof HawserError && thrown.kind === 'Cancelled');
}

async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch (thrown) {
    if (signal.aborted) return false;
    throw thrown;
  }
}
