/**
 * Collects releases beside the place where something was taken. At stop they run in reverse order, each is tried,
 * and their errors are collected.
 */
export interface Scope {
  /** Takes a disposable and gives it back. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T;
  /** Takes a release. */
  defer(release: () => void | Promise<void>): void;
  /**
   * Runs a worker until the plugin stops. A worker that throws degrades its plugin and is started again after a
   * back-off (0.1 s, doubling to 30 s) unless `restart` is false. Stop waits for it.
   */
  spawn(name: string, worker: (signal: AbortSignal) => Promise<void>, options?: { readonly restart?: boolean }): void;
}
