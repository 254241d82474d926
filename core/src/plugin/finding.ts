/** What one check of a machine has found. `skip`: it could not be looked at, or nothing needs it. */
export interface Finding {
  /** Which check, in a word or two. */
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  /** What is there, as a clause. */
  readonly found: string;
  /** What to do about it, an imperative sentence; absent where nothing has to be done. */
  readonly remedy?: string;
}
