export { defineErrors, type ErrorCatalogue, type ErrorFactory } from './define-errors.ts';
export { type ErrorDefinition, type ErrorOptions, HawserError } from './hawser-error.ts';
export { isErrno } from './is-errno.ts';
export type { ErrorKind } from './kind.ts';
export { messageOf } from './message-of.ts';
export { toHawserError } from './to-error.ts';
