/** Codes of the CNI specification, and ours from 100 on. */
export const CniCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  environment: 4,
  io: 5,
  decoding: 6,
  config: 7,
  ownNamespace: 8,
  tryAgain: 11,
  unavailable: 50,
  internal: 100,
  checkFailed: 101,
  exhausted: 102,
  conflict: 103,
  permissionDenied: 104,
  kernel: 105,
} as const;

export type CniCode = (typeof CniCode)[keyof typeof CniCode];

/**
 * A failed call as the client sees it. Neither text ever holds anything of the input but the names of keys that this
 * package knows: a network config may carry secrets, and runtimes log what they are told.
 */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: CniCode;
  readonly details: string | undefined;

  constructor(code: CniCode, message: string, options: { readonly details?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}
