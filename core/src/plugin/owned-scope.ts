import type { Logger } from 'pino';
import type { Clock } from '../context/index.ts';
import { HawserError, messageOf } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import type { Scope, WorkerOptions } from './scope.ts';
import type { WorkerReport } from './status.ts';
import { Worker } from './worker.ts';

export interface ScopeOwner {
  readonly uri: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Logger;
  workerFailed(name: string, error: HawserError): void;
  workerRecovered(name: string): void;
}

interface Entry {
  readonly what: string;
  readonly release: () => unknown;
}

/** A scope with the end that only its owner may bring about. */
export class OwnedScope implements Scope {
  readonly #owner: ScopeOwner;
  readonly #entries: Entry[] = [];
  readonly #workers: Worker[] = [];
  #closing: Promise<readonly HawserError[]> | undefined;

  constructor(owner: ScopeOwner) {
    this.#owner = owner;
  }

  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    if (!isDisposable(resource)) throw this.#notReleasable('has no Symbol.dispose');
    this.#take({ what: nameOf(resource), release: () => dispose(resource) });
    return resource;
  }

  defer(release: () => void | Promise<void>): void {
    if (typeof release !== 'function') throw this.#notReleasable('is no function');
    this.#take({ what: release.name === '' ? 'a deferred release' : release.name, release });
  }

  spawn(name: string, work: (signal: AbortSignal) => Promise<void>, options: WorkerOptions = {}): void {
    checkWorker(name, options);
    if (this.#closing !== undefined) throw this.#closedError();
    const { clock, signal } = this.#owner;
    const worker = new Worker({
      name,
      work,
      options,
      signal,
      clock,
      failed: (error) => this.#owner.workerFailed(name, error),
      recovered: () => this.#owner.workerRecovered(name),
    });
    this.#workers.push(worker);
    const running = Promise.resolve().then(() => worker.run());
    // What it rejects with is collected by its release; until then it must not count as unhandled.
    running.catch(() => undefined);
    this.#take({ what: `worker '${name}'`, release: () => running });
  }

  /** How its workers do. */
  workers(): readonly WorkerReport[] {
    return this.#workers.map((worker) => worker.report());
  }

  /**
   * Runs every release in reverse order; all of them together may take `deadlineMs`. After that each that is left is
   * still called, and not waited for. Closing twice is closing once. Resolves to the errors.
   */
  close(deadlineMs: number): Promise<readonly HawserError[]> {
    this.#closing ??= this.#releaseAll(deadlineMs);
    return this.#closing;
  }

  /** What comes after the end, from a start that was given up, is released at once: nobody else would. */
  #take(entry: Entry): void {
    if (this.#closing === undefined) {
      this.#entries.push(entry);
      return;
    }
    void this.#attempt(entry).then((error) => {
      if (error !== undefined) this.#owner.log.warn({ err: error }, 'a late release failed');
    });
    throw this.#closedError();
  }

  #closedError(): HawserError {
    return pluginErrors.scopeClosed(`the scope of '${this.#owner.uri}' is closed`);
  }

  #notReleasable(why: string): HawserError {
    return pluginErrors.notReleasable(`what '${this.#owner.uri}' gives to its scope ${why}`);
  }

  async #releaseAll(deadlineMs: number): Promise<readonly HawserError[]> {
    const errors: HawserError[] = [];
    const stuck: string[] = [];
    const overdue = Promise.withResolvers<void>();
    const deadline = { passed: false };
    using _timer = this.#owner.clock.timer(deadlineMs, () => {
      deadline.passed = true;
      overdue.resolve();
    });
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      const outcome = this.#attempt(entry);
      const settled = await Promise.race([outcome.then((error) => ({ error })), deadline.passed ? nextTurn() : overdue.promise]);
      if (settled === undefined) {
        stuck.push(entry.what);
        void outcome.then((error) => error && this.#owner.log.warn({ err: error }, 'a release failed after its deadline'));
      } else if (settled.error !== undefined) errors.push(settled.error);
    }
    if (stuck.length > 0) errors.push(stuckError(this.#owner.uri, deadlineMs, stuck));
    for (const error of errors) this.#owner.log.error({ err: error }, error.message);
    return errors;
  }

  async #attempt(entry: Entry): Promise<HawserError | undefined> {
    try {
      await entry.release();
      return undefined;
    } catch (thrown) {
      if (thrown instanceof HawserError) return thrown;
      return pluginErrors.releaseFailed(`${entry.what} of '${this.#owner.uri}' was not released: ${messageOf(thrown)}`, { cause: thrown });
    }
  }
}

/** Releases a disposable, by its asynchronous door where it has one. */
export async function dispose(resource: Disposable | AsyncDisposable): Promise<void> {
  if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
  else resource[Symbol.dispose]();
}

function nameOf(resource: object): string {
  const constructor: unknown = Reflect.get(resource, 'constructor');
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a resource';
}

/** A platform's timer takes what is no number for one millisecond, and a worker would never pause. */
function checkWorker(name: string, { everyMs = 0, deadlineMs = 1 }: WorkerOptions): void {
  if (everyMs >= 0 && deadlineMs > 0) return;
  const told = everyMs >= 0 ? `deadlineMs ${deadlineMs}` : `everyMs ${everyMs}`;
  throw pluginErrors.invalidWorker(`worker '${name}' can't have ${told}`);
}

function stuckError(uri: string, deadlineMs: number, stuck: readonly string[]): HawserError {
  return pluginErrors.stopDeadline(`'${uri}' did not release ${stuck.join(', ')} within ${deadlineMs} ms`);
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}

export function isDisposable(value: unknown): value is Disposable | AsyncDisposable {
  return typeof value === 'object' && value !== null && (Symbol.dispose in value || Symbol.asyncDispose in value);
}
