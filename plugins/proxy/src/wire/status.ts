/**
 * Errors on the wire: a status code, and in the trailer `grpc-status-details-bin` a StatusDetails with a Failure, so that
 * code, message and remedy arrive as they were thrown.
 */
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { type ErrorKind, HawserError, type JsonObject, toHawserError } from '@hawser/core';
import * as z from 'zod';
import { messageOf } from './proto.ts';
import { struct, toStruct } from './struct.ts';

const TRAILER = 'grpc-status-details-bin';
const FAILURE = 'hawser.plugin.v1.Failure';
const MAX_TEXT = 1_000;
/** Of the whole trailer; gRPC's own limit for all headers of a call is about as much. */
const MAX_DETAILS_BYTES = 6_144;

const STATUS: Readonly<Record<ErrorKind, status>> = {
  InvalidArgument: status.INVALID_ARGUMENT,
  NotFound: status.NOT_FOUND,
  AlreadyExists: status.ALREADY_EXISTS,
  FailedPrecondition: status.FAILED_PRECONDITION,
  PermissionDenied: status.PERMISSION_DENIED,
  ResourceExhausted: status.RESOURCE_EXHAUSTED,
  Conflict: status.ABORTED,
  Aborted: status.ABORTED,
  OutOfRange: status.OUT_OF_RANGE,
  NotImplemented: status.UNIMPLEMENTED,
  Internal: status.INTERNAL,
  Unavailable: status.UNAVAILABLE,
  DataLoss: status.DATA_LOSS,
  Unauthenticated: status.UNAUTHENTICATED,
  NotModified: status.FAILED_PRECONDITION,
  Cancelled: status.CANCELLED,
  DeadlineExceeded: status.DEADLINE_EXCEEDED,
  Unknown: status.UNKNOWN,
};

const KINDS = new Map<number, ErrorKind>(
  (Object.entries(STATUS) as [ErrorKind, status][])
    .filter(([kind]) => kind !== 'Conflict' && kind !== 'NotModified')
    .map(([kind, code]) => [code, kind]),
);

/** The kind of error that a status code stands for. */
export const kindOf = (code: number): ErrorKind => KINDS.get(code) ?? 'Unknown';

const failure = z.object({
  code: z
    .string()
    .max(100)
    .regex(/^[a-z][a-z0-9_-]*\.[a-z0-9_]+$/),
  message: z.string().min(1).max(100_000),
  remedy: z.string().max(100_000).default(''),
  details: struct,
});
const envelope = z.object({ details: z.array(z.object({ type_url: z.string(), value: z.instanceof(Uint8Array) })).default([]) });

/** Whatever was thrown, as the status that the other side gets; details that are too large are left out. */
export function toStatus(thrown: unknown): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const error = toHawserError(thrown);
  const whole = detailsOf(error, error.details);
  const metadata = new Metadata();
  metadata.set(TRAILER, whole.length <= MAX_DETAILS_BYTES ? whole : detailsOf(error, {}));
  return { code: STATUS[error.kind], details: tidy(error.message), metadata };
}

function detailsOf({ code, kind, message, remedy }: HawserError, details: JsonObject): Buffer {
  const value = messageOf(FAILURE).encode({ code, message: tidy(message), remedy: tidy(remedy), details: toStruct(details) });
  const status = { code: STATUS[kind], message: tidy(message), details: [{ type_url: `type.googleapis.com/${FAILURE}`, value }] };
  return messageOf('hawser.plugin.v1.StatusDetails').encode(status);
}

/** The error of our catalogue that came with a status; undefined where none did, or none that can be shown. */
export function failureOf({ code, metadata }: Pick<StatusObject, 'code' | 'metadata'>): HawserError | undefined {
  const [trailer] = metadata.get(TRAILER);
  if (!Buffer.isBuffer(trailer) || trailer.length > MAX_DETAILS_BYTES) return undefined;
  try {
    const { details } = envelope.parse(messageOf('hawser.plugin.v1.StatusDetails').decode(trailer));
    const detail = details.find(({ type_url: type }) => type.endsWith(`/${FAILURE}`));
    const told = detail && failure.parse(messageOf(FAILURE).decode(detail.value));
    if (told === undefined) return undefined;
    const definition = { kind: kindOf(code), remedy: tidy(told.remedy) || 'Look into the log of the process that told this.' };
    return new HawserError(told.code, definition, tidy(told.message), { details: told.details });
  } catch {
    // Details that can't be read are none: the status itself says what went wrong.
    return undefined;
  }
}

/** Text from another process as one line of bounded length. */
export function tidy(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim();
  return line.length <= MAX_TEXT ? line : `${line.slice(0, MAX_TEXT)}…`;
}
