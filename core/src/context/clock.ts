/** Time as components see it, so that tests can hold it. */
export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. Stored times come from here. */
  now(): number;
  /** Milliseconds that never run backwards, for durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls back once after `ms` unless disposed before. A pending timer does not keep the process alive. */
  timer(ms: number, callback: () => void): Disposable;
}
