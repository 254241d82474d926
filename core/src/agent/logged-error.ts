import { stdSerializers } from 'pino';
import { type ErrorKind, HawserError, messageOf } from '../errors/index.ts';
import { redact } from './redact.ts';

/** Kinds of errors that nobody has foreseen: where they were thrown is what their reader has to know. */
const DEFECTS: ReadonlySet<ErrorKind> = new Set(['Internal', 'Unknown', 'DataLoss']);
/** Deadlines and callers who have gone. */
const ENDED = new Set(['TimeoutError', 'AbortError']);
const MOST_CAUSES = 100;

/** What was thrown as a log line has it, nothing secret in it. An error that is foreseen, with all that it came of, has no stack. */
export function loggedError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: messageOf(error) };
  const { stack, ...told } = stdSerializers.err(error);
  return redact(isForeseen(error) ? told : { ...told, stack });
}

function isForeseen(error: Error): boolean {
  let cause: unknown = error;
  for (let depth = 0; cause instanceof Error; depth++, cause = cause.cause) {
    if (depth > MOST_CAUSES) return false;
    const isOfCatalogue = cause instanceof HawserError && !DEFECTS.has(cause.kind);
    if (!isOfCatalogue && !ENDED.has(cause.name) && !('errno' in cause)) return false;
  }
  return true;
}
