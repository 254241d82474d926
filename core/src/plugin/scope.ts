/** How a worker is run. */
export interface WorkerOptions {
  /** Whether a worker that throws is started again; true unless told. */
  readonly restart?: boolean;
  /** Calls it again so many milliseconds after it has returned; a worker without it is done when it returns. */
  readonly everyMs?: number;
  /**
   * Milliseconds that one call may take. Its signal aborts then, with `plugin.worker_deadline`, and the round counts
   * as failed; the next one waits until this one has ended.
   */
  readonly deadlineMs?: number;
}

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
   * Runs a worker until the plugin stops; each call is one round. A round that throws degrades the plugin, and the
   * worker is started again after a back-off (0.1 s, doubling to 30 s, from the shortest again after 30 s that held)
   * unless `restart` is false. Stop waits for it. `hawser plugins show` tells its rounds, its last error and its next try.
   */
  spawn(name: string, worker: (signal: AbortSignal) => Promise<void>, options?: WorkerOptions): void;
}
