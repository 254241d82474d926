import type { GcStatus, HealthCheck } from '@hawser/core/contracts';

export interface CollectorCheck extends HealthCheck {
  /** A collection that is due does not happen. */
  readonly isOverdue: boolean;
}

/** Whether garbage collection gets on, from its own status. `dueMs`: how long a run has been due, by a clock that nobody sets. Pure. */
export function checkCollector(
  { nextRun, lastError }: Pick<GcStatus, 'nextRun' | 'lastError'>,
  dueMs: number,
  graceMs: number,
): CollectorCheck {
  const name = 'collector';
  if (dueMs > graceMs) {
    const reason = `a collection was due at ${nextRun}, and has not begun`;
    return {
      name,
      status: 'failed',
      isOverdue: true,
      reason,
      remedy: 'Start the agent again; what is condemned is taken up by the next one.',
    };
  }
  if (lastError === undefined) return { name, status: 'ok', isOverdue: false };
  return { name, status: 'degraded', isOverdue: false, reason: lastError, remedy: 'See `hawser gc status`; it is tried again by itself.' };
}
