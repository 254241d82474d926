import { defineErrors } from './define-errors.ts';
import { HawserError } from './hawser-error.ts';
import { messageOf } from './message-of.ts';

/** Errors of no area. */
export const internalErrors = defineErrors('internal', {
  unexpected: { kind: 'Internal', remedy: 'This is a defect: report it with the log lines around it.' },
  cancelled: { kind: 'Cancelled', remedy: 'Nothing needs to be done: whoever asked has gone.' },
  deadlineExceeded: { kind: 'DeadlineExceeded', remedy: 'Try again; when it repeats, look at what is slow in the log.' },
});

/** Whatever was thrown, as an error of the catalogue: itself when it is one, else wrapped with the original as `cause`. */
export function toHawserError(thrown: unknown): HawserError {
  if (thrown instanceof HawserError) return thrown;
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return internalErrors.deadlineExceeded(thrown.message, { cause: thrown });
  if (thrown instanceof Error && thrown.name === 'AbortError') return internalErrors.cancelled('the call was cancelled', { cause: thrown });
  return internalErrors.unexpected(messageOf(thrown), { cause: thrown });
}
