import type { JsonObject } from '../json.ts';
import type { ErrorKind } from './kind.ts';

/** One entry of the error catalogue. */
export interface ErrorDefinition {
  readonly kind: ErrorKind;
  /** One sentence in the imperative: what the reader does about it. */
  readonly remedy: string;
}

/** What accompanies one occurrence of an error. */
export interface ErrorOptions {
  readonly cause?: unknown;
  /** Facts for programs: keys in camelCase, never secrets, never whole inputs. */
  readonly details?: JsonObject;
  /** Replaces the catalogue's remedy where this occurrence knows a better one. */
  readonly remedy?: string;
}

/**
 * Every error that leaves a Hawser component. `message` is one sentence without a trailing stop; `code` is
 * `<area>.<what>` in snake case and never changes its meaning.
 */
export class HawserError extends Error {
  override readonly name = 'HawserError';
  readonly code: string;
  readonly kind: ErrorKind;
  readonly remedy: string;
  readonly details: JsonObject;

  constructor(code: string, definition: ErrorDefinition, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = definition.kind;
    this.remedy = options.remedy ?? definition.remedy;
    this.details = options.details ?? {};
  }
}
