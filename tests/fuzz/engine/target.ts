import type * as fc from 'fast-check';

/** What stands behind a target while it is fuzzed. */
export interface Subject extends Partial<AsyncDisposable> {
  /** One execution. Whatever it throws is a defect: refusals that are meant are caught inside, and looked at. */
  attempt(input: Buffer): void | Promise<void>;
}

/** One parser, or one door that takes bytes from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** What is read, and what holds of it beside that nothing breaks. */
  readonly summary: string;
  /** How inputs are shown and kept in the corpus: as they are, or as hexadecimal digits. */
  readonly format: 'text' | 'bytes';
  /** Words of its language: mutations put them in. */
  readonly pieces?: readonly (string | Uint8Array)[];
  /** Inputs that are mostly right. */
  readonly grammar?: fc.Arbitrary<string | Uint8Array>;
  /** Executions in `npm test`. */
  readonly runs: number;
  /** Bytes of a mutated input; 4 KiB unless told. */
  readonly longest?: number;
  /** Whether inputs of a mebibyte are tried too; they are unless told. */
  readonly large?: boolean;
  /** Milliseconds of processor time that an input may take, whatever its size; a second unless told. */
  readonly slowMs?: number;
  /** Why it can't be fuzzed here. */
  skip?(): string | undefined;
  open(): Subject | Promise<Subject>;
}
