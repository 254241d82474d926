import type { Clock } from '../context/index.ts';
import { HawserError, messageOf } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import type { WorkerOptions } from './scope.ts';
import type { WorkerReport, WorkerState } from './status.ts';

const FIRST_BACK_OFF_MS = 100;
const LAST_BACK_OFF_MS = 30_000;

/** A worker's task, and who hears how it does. */
export interface Supervision {
  readonly name: string;
  readonly work: (signal: AbortSignal) => Promise<void>;
  readonly options: WorkerOptions;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  failed(error: HawserError): void;
  recovered(): void;
}

/**
 * One supervised worker: round after round until it is done or the signal aborts. One that has held for as long as its
 * next back-off would be counts as recovered; the back-off itself begins anew only after the longest has held, so that a worker
 * that dies again and again after a moment is tried less and less often.
 */
export class Worker {
  readonly #supervision: Supervision;
  #state: WorkerState = 'waiting';
  #rounds = 0;
  #failures = 0;
  #lastError: HawserError | undefined;
  #nextAt: number | undefined;
  #backOffMs = FIRST_BACK_OFF_MS;

  constructor(supervision: Supervision) {
    this.#supervision = supervision;
  }

  report(): WorkerReport {
    const { code, message, remedy } = this.#lastError ?? {};
    return {
      name: this.#supervision.name,
      state: this.#state,
      rounds: this.#rounds,
      failures: this.#failures,
      ...(code === undefined || message === undefined || remedy === undefined ? {} : { lastError: { code, message, remedy } }),
      ...(this.#nextAt === undefined ? {} : { nextAt: new Date(this.#nextAt).toISOString() }),
    };
  }

  /**
   * Runs it to its end. Rejects only with what it throws after the signal has aborted, unless that is the abort itself.
   */
  async run(): Promise<void> {
    const { signal, options } = this.#supervision;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      const error = await this.#round();
      if (isOver()) {
        this.#state = 'stopped';
        if (error !== undefined) throw error;
        return;
      }
      const pause = error === undefined ? this.#succeeded(options) : this.#failed(error, options);
      if (pause === undefined || !(await this.#paused(pause))) break;
    }
    if (isOver() && this.#state !== 'done' && this.#state !== 'failed') this.#state = 'stopped';
  }

  /** The pause until the next round; undefined where there is none. */
  #succeeded({ everyMs }: WorkerOptions): number | undefined {
    this.#state = everyMs === undefined ? 'done' : 'waiting';
    this.#backOffMs = FIRST_BACK_OFF_MS;
    this.#recovered();
    return everyMs;
  }

  #failed(error: HawserError, { restart = true }: WorkerOptions): number | undefined {
    this.#state = restart ? 'backing_off' : 'failed';
    this.#failures++;
    // A round that was stuck has been told of when its deadline passed.
    if (this.#lastError !== error) this.#tell(error);
    if (!restart) return undefined;
    const pause = this.#backOffMs;
    this.#backOffMs = Math.min(this.#backOffMs * 2, LAST_BACK_OFF_MS);
    return pause;
  }

  #tell(error: HawserError): void {
    this.#lastError = error;
    this.#supervision.failed(error);
  }

  #recovered(): void {
    this.#failures = 0;
    this.#supervision.recovered();
  }

  /** What the round failed with; undefined where it went well, or was only told to stop. */
  async #round(): Promise<HawserError | undefined> {
    const { signal, clock, work } = this.#supervision;
    this.#state = 'running';
    this.#rounds++;
    using _held = clock.timer(this.#backOffMs, () => this.#state === 'running' && this.#recovered());
    using _steady = clock.timer(LAST_BACK_OFF_MS, () => (this.#backOffMs = FIRST_BACK_OFF_MS));
    using round = this.#bounded();
    try {
      await work(round.signal);
      return round.late();
    } catch (thrown) {
      if (signal.aborted && isCancellation(thrown, signal)) return undefined;
      return round.late() ?? workerError(this.#supervision.name, thrown);
    }
  }

  /** The signal of one round, and the error of one that has outlived its deadline. */
  #bounded(): Disposable & { readonly signal: AbortSignal; late(): HawserError | undefined } {
    const { signal, clock, name, options } = this.#supervision;
    const ms = options.deadlineMs;
    if (ms === undefined) return { signal, late: () => undefined, [Symbol.dispose]: () => undefined };
    const round = new AbortController();
    const stop = (): void => round.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    let late: HawserError | undefined;
    const timer = clock.timer(ms, () => {
      late = pluginErrors.workerDeadline(`worker '${name}' did not end its round within ${ms} ms`);
      this.#state = 'stuck';
      this.#tell(late);
      round.abort(late);
    });
    const leave = (): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', stop);
    };
    return { signal: round.signal, late: () => late, [Symbol.dispose]: leave };
  }

  /** Whether the pause has passed; the signal ends it before. */
  async #paused(ms: number): Promise<boolean> {
    const { signal, clock } = this.#supervision;
    this.#nextAt = clock.now() + ms;
    try {
      await clock.sleep(ms, signal);
      return true;
    } catch (thrown) {
      if (signal.aborted) return false;
      throw thrown;
    } finally {
      this.#nextAt = undefined;
    }
  }
}

function workerError(name: string, thrown: unknown): HawserError {
  const remedy = thrown instanceof HawserError ? { remedy: thrown.remedy } : {};
  return pluginErrors.workerFailed(`worker '${name}' failed: ${messageOf(thrown)}`, { cause: thrown, ...remedy });
}

/** Whether an error only says that the signal has aborted. */
function isCancellation(thrown: unknown, signal: AbortSignal): boolean {
  if (thrown === signal.reason) return true;
  if (!(thrown instanceof Error)) return false;
  return thrown.name === 'AbortError' || (thrown instanceof HawserError && thrown.kind === 'Cancelled');
}
