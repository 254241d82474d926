/** What a process that fuzzes tells whoever started it. Bytes are base64. */
export type Report =
  | { readonly at: 'begun'; readonly target: string }
  | { readonly at: 'progress'; readonly target: string; readonly executions: number; readonly interesting: number }
  | { readonly at: 'skipped'; readonly target: string; readonly reason: string }
  | { readonly at: 'ended'; readonly target: string; readonly executions: number; readonly found: readonly string[] }
  | { readonly at: 'failed'; readonly target: string; readonly executions: number; readonly input: string; readonly error: string };

/** What such a process is told. */
export interface Orders {
  /** Module that exports `targets`. */
  readonly from: string;
  readonly targets: readonly string[];
  readonly seed: number;
  /** Milliseconds for each target; as many executions as each has in `npm test` where none are told. */
  readonly ms?: number;
  readonly guided: boolean;
  /** File that always holds the input of the moment: its length in digits, a line feed, itself. */
  readonly current: string;
  /** One input of one target, base64, in place of everything else. */
  readonly only?: string;
}
