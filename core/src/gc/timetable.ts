import type { Clock } from '../context/index.ts';

/** containerd's five settings, with their meaning there. */
export interface TimetableSettings {
  /** Part of the time that marking may take, at most 0.5; 0: a second between runs, however long they take. */
  readonly pauseThreshold: number;
  /** Deletions that bring a run at once, whatever the pause; 0: they wait for the end of the pause. */
  readonly deletionThreshold: number;
  /** Transactions of others after which there is a run although nothing was deleted; 0: never. */
  readonly mutationThreshold: number;
  /** Milliseconds from what calls for a run to the run. */
  readonly scheduleDelayMs: number;
  /** Milliseconds from the start to the first run. */
  readonly startupDelayMs: number;
}

export interface TimetableOptions {
  readonly clock: Omit<Clock, 'sleep'>;
  readonly settings: TimetableSettings;
  readonly run: () => void;
}

const MAX_PAUSE_THRESHOLD = 0.5;
/** The mean counts as no less, so that runs don't follow each other without a pause. */
const MIN_MARK_MS = 5;
const FIXED_PAUSE_MS = 1000;
/** A later wake-up is set again when this one comes: the clock may have been set meanwhile. */
const MAX_TIMER_MS = 60_000;

/** Between runs whose marks took `meanMs` on average: the mean is then `threshold` of the time. */
export function pauseAfter(meanMs: number, pauseThreshold: number): number {
  const threshold = Math.min(pauseThreshold, MAX_PAUSE_THRESHOLD);
  if (!(threshold > 0)) return FIXED_PAUSE_MS;
  const mean = Math.max(meanMs, MIN_MARK_MS);
  return mean / threshold - mean;
}

/**
 * When the next run is due: one timer, however much calls for a run. What happens while one is under way counts for the
 * next. Runs keep the pause between them, but for what was called for at once.
 */
export class Timetable implements Disposable {
  readonly #options: TimetableOptions;
  /** When something expires, milliseconds since the epoch; undefined where nothing does. The pause is kept. */
  #expiry: number | undefined;
  /** When a run was called for: of the monotonic clock, as all below, so that a clock that is set puts nothing off. */
  #called: number | undefined;
  /** The same without a pause. */
  #atOnce: number | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  #failedUntil = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #deletions = 0;
  #mutations = 0;
  #markMs = 0;
  #marks = 0;
  #timer: Disposable | undefined;
  #stopped = false;

  constructor(options: TimetableOptions) {
    this.#options = options;
    this.starting();
  }

  /** Milliseconds since the epoch, as the clock now says. */
  get nextRun(): number | undefined {
    const wait = this.#wait();
    return wait === undefined ? undefined : this.#options.clock.now() + Math.round(wait);
  }

  /** Something has begun that may bring old garbage with it. */
  starting(): void {
    this.#callIn(this.#options.settings.startupDelayMs);
  }

  /** A run is called for; deletions are such calls. */
  deleted(count = 1): void {
    const { clock, settings } = this.#options;
    this.#deletions += count;
    const soon = clock.monotonic() + settings.scheduleDelayMs;
    if (settings.deletionThreshold > 0 && this.#deletions >= settings.deletionThreshold && (this.#atOnce ?? Infinity) > soon) {
      this.#atOnce = soon;
      this.#set();
    } else this.#callIn(settings.scheduleDelayMs);
  }

  /** Others have written. Nothing happens but counting until there are enough of them. */
  mutated(count: number): void {
    const { settings } = this.#options;
    if (settings.mutationThreshold <= 0) return;
    const before = this.#mutations;
    this.#mutations += count;
    if (before < settings.mutationThreshold && this.#mutations >= settings.mutationThreshold) this.#callIn(settings.scheduleDelayMs);
  }

  /** Something expires at this time, milliseconds since the epoch. */
  at(time: number): void {
    if (this.#stopped || (this.#expiry !== undefined && this.#expiry <= time)) return;
    this.#expiry = time;
    this.#set();
  }

  /** A run begins: what comes from now on is for the next one. */
  begun(): void {
    this.#deletions = 0;
    this.#mutations = 0;
  }

  /** A run has marked: its work took `busyMs`; something expires at `nextExpiry`. */
  marked(busyMs: number, nextExpiry: number | undefined): void {
    const { clock, settings } = this.#options;
    this.#markMs += busyMs;
    this.#marks++;
    this.#notBefore = clock.monotonic() + pauseAfter(this.#markMs / this.#marks, settings.pauseThreshold);
    this.#failures = 0;
    this.#failedUntil = Number.NEGATIVE_INFINITY;
    if (nextExpiry !== undefined) this.at(nextExpiry);
    this.#set();
  }

  /** A run failed, the first one too: the next one comes after a pause that doubles. */
  failed(firstMs: number, maxMs: number): void {
    const pause = Math.min(firstMs * 2 ** Math.min(this.#failures++, 30), maxMs);
    this.#failedUntil = this.#options.clock.monotonic() + pause;
    this.#callIn(pause);
    this.#set();
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#forget();
    this.#timer?.[Symbol.dispose]();
  }

  #callIn(ms: number): void {
    const time = this.#options.clock.monotonic() + ms;
    if (this.#stopped || (this.#called !== undefined && this.#called <= time)) return;
    this.#called = time;
    this.#set();
  }

  /** Milliseconds until the next run; below zero where it is late. */
  #wait(): number | undefined {
    const { clock } = this.#options;
    const now = clock.monotonic();
    const until = (time: number | undefined, from = now): number => (time === undefined ? Number.POSITIVE_INFINITY : time - from);
    const kept = Math.max(Math.min(until(this.#called), until(this.#expiry, clock.now())), this.#notBefore - now);
    const wait = Math.max(Math.min(until(this.#atOnce), kept), this.#failedUntil - now);
    return wait === Number.POSITIVE_INFINITY ? undefined : wait;
  }

  #forget(): void {
    this.#expiry = undefined;
    this.#called = undefined;
    this.#atOnce = undefined;
  }

  #set(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const wait = this.#wait();
    if (wait === undefined || this.#stopped) return;
    this.#timer = this.#options.clock.timer(Math.min(Math.max(wait, 0), MAX_TIMER_MS), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    const wait = this.#wait();
    if (wait === undefined) return;
    if (wait > 0) {
      this.#set();
      return;
    }
    this.#forget();
    this.#options.run();
  }
}
