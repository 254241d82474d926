/** Randomness as components see it, so that tests can seed it. */
export interface Random {
  /** `size` bytes. */
  bytes(size: number): Uint8Array;
  /** Uniform in [0, bound), bound at most 2^32. */
  integer(bound: number): number;
  /** A new identifier of 26 lowercase letters and digits that sorts by time of creation. */
  id(): string;
}
