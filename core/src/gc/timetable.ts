import type { Clock } from '../context/index.ts';

export interface TimetableOptions {
  readonly clock: Clock;
  readonly pauseThreshold: number;
  readonly run: () => void;
}

/** Runs follow each other no faster than this; and no slower than the second, however long marking takes. */
const MIN_INTERVAL_MS = 20;
const MAX_INTERVAL_MS = 10_000;
/** Timers can't hold more; a later wake-up is set again when this one comes. */
const MAX_TIMER_MS = 86_400_000;

/**
 * When the next run is due: one timer, set to the earliest of what was asked for, and no earlier than the load allows.
 * Marking may take `pauseThreshold` of the time: the pause after a run of t is t / threshold − t.
 */
export class Timetable implements Disposable {
  readonly #options: TimetableOptions;
  /** Milliseconds since the epoch; undefined where nothing is to be done. */
  #due: number | undefined;
  #notBefore = 0;
  #failures = 0;
  #timer: Disposable | undefined;
  #stopped = false;

  constructor(options: TimetableOptions) {
    this.#options = options;
  }

  get nextRun(): number | undefined {
    return this.#due === undefined ? undefined : Math.max(this.#due, this.#notBefore);
  }

  soon(delayMs: number): void {
    this.at(this.#options.clock.now() + delayMs);
  }

  at(time: number): void {
    if (this.#stopped || (this.#due !== undefined && this.#due <= time)) return;
    this.#due = time;
    this.#set();
  }

  /** A run has marked: took `durationMs`; the next root expires at `nextExpiry`. */
  swept(durationMs: number, nextExpiry: number | undefined): void {
    const { clock, pauseThreshold } = this.#options;
    const pause = durationMs / pauseThreshold - durationMs;
    this.#notBefore = clock.now() + Math.min(Math.max(pause, MIN_INTERVAL_MS), MAX_INTERVAL_MS);
    this.#failures = 0;
    if (nextExpiry !== undefined) this.at(nextExpiry);
    this.#set();
  }

  /** A run failed: the next one comes after a pause that doubles. */
  failed(firstMs: number, maxMs: number): void {
    const { clock } = this.#options;
    const pause = Math.min(firstMs * 2 ** Math.min(this.#failures++, 30), maxMs);
    this.#notBefore = clock.now() + pause;
    this.at(this.#notBefore);
    this.#set();
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#due = undefined;
    this.#timer?.[Symbol.dispose]();
  }

  #set(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const next = this.nextRun;
    if (next === undefined || this.#stopped) return;
    const wait = next - this.#options.clock.now();
    this.#timer = this.#options.clock.timer(Math.min(Math.max(wait, 0), MAX_TIMER_MS), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    const next = this.nextRun;
    if (next === undefined) return;
    if (next > this.#options.clock.now()) {
      this.#set();
      return;
    }
    this.#due = undefined;
    this.#options.run();
  }
}
