import type { Clock } from '../context/index.ts';

export interface PaceOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How long a slice may hold the event loop. */
  readonly sliceMs: number;
  readonly signal: AbortSignal;
}

/** Units between two looks at the clock. */
const UNITS_PER_LOOK = 8;
/** A slice ends by its units too, so that also where time is held others get their turn. */
const UNITS_PER_SLICE = 8192;
/** A turn of the event loop that takes less had nothing to do. */
const IDLE_TURN_MS = 0.2;
/** While others are at work they go first, but not for ever. */
const MAX_REST_SLICES = 8;

/** Long work in slices: `while (…) { …; if (pace.isOver()) await pace.rest(); }`. */
export class Pace {
  readonly #options: PaceOptions;
  #began: number;
  #units = 0;
  #busyMs = 0;
  #longestMs = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#began = options.clock.monotonic();
  }

  /** Milliseconds of work, without the rests. */
  get busyMs(): number {
    return this.#busyMs + this.#elapsed();
  }

  get longestMs(): number {
    return Math.max(this.#longestMs, this.#elapsed());
  }

  /** Call after each unit of work. */
  isOver(): boolean {
    if (++this.#units % UNITS_PER_LOOK !== 0) return false;
    return this.#units >= UNITS_PER_SLICE || this.#elapsed() >= this.#options.sliceMs;
  }

  /** Lets others do their work: one turn of the event loop, and more of them while they are busy. */
  async rest(): Promise<void> {
    const { clock, sliceMs, signal } = this.#options;
    this.#endSlice();
    const until = clock.monotonic() + sliceMs * MAX_REST_SLICES;
    for (let turn = clock.monotonic(); ; turn = clock.monotonic()) {
      await nextTurn();
      signal.throwIfAborted();
      const now = clock.monotonic();
      if (now - turn < IDLE_TURN_MS || now >= until) break;
    }
    this.#beginSlice();
  }

  /** Waits for what is carried out elsewhere, which is no work of a slice. */
  async waitFor<T>(work: Promise<T>): Promise<T> {
    this.#endSlice();
    try {
      return await work;
    } finally {
      this.#beginSlice();
    }
  }

  #endSlice(): void {
    const elapsed = this.#elapsed();
    this.#busyMs += elapsed;
    this.#longestMs = Math.max(this.#longestMs, elapsed);
  }

  #beginSlice(): void {
    this.#units = 0;
    this.#began = this.#options.clock.monotonic();
  }

  #elapsed(): number {
    return this.#options.clock.monotonic() - this.#began;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
