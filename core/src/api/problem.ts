import type { ErrorKind, HawserError } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import { apiErrors } from './errors.ts';

/** HTTP status of each kind of error. */
const STATUS: Readonly<Record<ErrorKind, number>> = {
  InvalidArgument: 400,
  Unauthenticated: 401,
  PermissionDenied: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Aborted: 409,
  FailedPrecondition: 412,
  NotModified: 412,
  OutOfRange: 416,
  ResourceExhausted: 429,
  Cancelled: 499,
  Internal: 500,
  Unknown: 500,
  DataLoss: 500,
  NotImplemented: 501,
  Unavailable: 503,
  DeadlineExceeded: 504,
};

/** Every kind of error. */
export const KINDS = Object.keys(STATUS) as ErrorKind[];

/** An error as RFC 9457 has it, with the catalogue's members beside the standard ones. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly remedy: string;
  readonly details: JsonObject;
  readonly requestId?: string;
}

/** The HTTP status that an error answers with. Some of this room's own differ from their kind's. */
export function statusOf(error: HawserError): number {
  if (error.code === apiErrors.methodNotAllowed.code) return 405;
  if (error.code === apiErrors.tooLarge.code) return 413;
  if (error.code === apiErrors.unsupportedMediaType.code) return 415;
  return STATUS[error.kind];
}

/** An error as the document that goes over the wire. */
export const toProblem = (error: HawserError, requestId?: string): Problem => ({
  type: `urn:hawser:error:${error.code}`,
  title: error.kind.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
  status: statusOf(error),
  detail: error.message,
  code: error.code,
  kind: error.kind,
  remedy: error.remedy,
  details: error.details,
  ...(requestId === undefined ? {} : { requestId }),
});
