import { type ErrorKind, type HawserError, toHawserError } from '@hawser/core';
import { CniCode, CniError } from './cni-error.ts';
import type { Verb } from './environment.ts';
import { type CniVersion, NEWEST_VERSION } from './versions.ts';

/** Codes of the catalogue for which the kind alone says too little. */
const BY_CODE: Readonly<Record<string, CniCode>> = {
  'network.unsupported': CniCode.unsupportedField,
  'network.check_failed': CniCode.checkFailed,
  'attachments.not_found': CniCode.unknownContainer,
  'attachments.busy': CniCode.tryAgain,
  'host.namespace_gone': CniCode.unknownContainer,
  'metadata.disk_full': CniCode.io,
  'metadata.commit_failed': CniCode.io,
  'metadata.read_only': CniCode.io,
};

const BY_KIND: Readonly<Record<ErrorKind, CniCode>> = {
  InvalidArgument: CniCode.config,
  OutOfRange: CniCode.config,
  NotImplemented: CniCode.kernel,
  NotFound: CniCode.kernel,
  FailedPrecondition: CniCode.conflict,
  AlreadyExists: CniCode.conflict,
  NotModified: CniCode.conflict,
  PermissionDenied: CniCode.permissionDenied,
  Unauthenticated: CniCode.permissionDenied,
  ResourceExhausted: CniCode.exhausted,
  Unavailable: CniCode.tryAgain,
  Conflict: CniCode.tryAgain,
  Aborted: CniCode.tryAgain,
  Cancelled: CniCode.tryAgain,
  DeadlineExceeded: CniCode.tryAgain,
  DataLoss: CniCode.io,
  Internal: CniCode.internal,
  Unknown: CniCode.internal,
};

/** Phrases of an error of DEL that runtimes take for success, and what we say instead. */
const MISREAD: readonly (readonly [RegExp, string])[] = [
  [/not found/gi, 'missing'],
  [/no such file or directory/gi, 'nothing is at that path'],
];

/** Whatever was thrown during a call, as the client is told it. STATUS knows only one way of failing. */
export function toCniError(thrown: unknown, verb: Verb | undefined): CniError {
  const error = thrown instanceof CniError ? thrown : fromCatalogue(toHawserError(thrown));
  if (verb === 'STATUS' && !(thrown instanceof CniError))
    return new CniError(CniCode.unavailable, error.message, rest(error, error.details));
  if (verb !== 'DEL') return error;
  return new CniError(error.code, reworded(error.message), rest(error, error.details === undefined ? undefined : reworded(error.details)));
}

/** The same, with the id that the agent's log and events have for the call. */
export const naming = (error: CniError, requestId: string): CniError =>
  new CniError(error.code, error.message, rest(error, `${error.details ?? ''} [request ${requestId}]`.trimStart()));

/** The object that goes to standard output. */
export function encodeError(error: CniError, version: CniVersion = NEWEST_VERSION): string {
  const details = error.details === undefined ? {} : { details: error.details };
  return `${JSON.stringify({ cniVersion: version, code: error.code, msg: error.message, ...details })}\n`;
}

function fromCatalogue(error: HawserError): CniError {
  // An unexpected error's text may quote anything, so it stays in the log.
  if (error.code === 'internal.unexpected')
    return new CniError(CniCode.internal, 'the agent failed unexpectedly', { details: 'Look for this call in its log.', cause: error });
  const code = BY_CODE[error.code] ?? BY_KIND[error.kind];
  return new CniError(code, error.message, { details: `${error.remedy} (${error.code})`, cause: error });
}

const reworded = (text: string): string => MISREAD.reduce((current, [phrase, instead]) => current.replace(phrase, instead), text);

const rest = (error: CniError, details: string | undefined): { readonly details?: string; readonly cause?: unknown } => ({
  ...(details === undefined ? {} : { details }),
  ...(error.cause === undefined ? {} : { cause: error.cause }),
});
