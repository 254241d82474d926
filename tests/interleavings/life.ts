import type { Clock, Context, FaultInjector } from '@hawser/core';
import type { Metadata } from '@hawser/core/contracts';

/** One life of an agent inside the test's own process. When it ends, nothing of that agent goes on: whatever it waits for never comes. */
export class Life implements FaultInjector {
  readonly died: Promise<void>;
  readonly #death = Promise.withResolvers<void>();
  readonly #onDeath: (() => void)[] = [];
  #left = Number.POSITIVE_INFINITY;
  #dead = false;

  constructor() {
    this.died = this.#death.promise;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Dies at the n-th point from now. */
  dieAfter(points: number): void {
    this.#left = points;
  }

  /** Runs at the moment of death. */
  onDeath(effect: () => void): void {
    this.#onDeath.push(effect);
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const effect of this.#onDeath) effect();
    this.#death.resolve();
  }

  reach(): void | Promise<void> {
    if (!this.#dead && this.#left-- > 0) return undefined;
    this.die();
    return never();
  }

  /** What the agent waits for, unless it is dead by then. */
  async outlived<T>(work: Promise<T>): Promise<T> {
    const outcome = await work.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    return this.#dead ? never() : outcome();
  }

  context(context: Context): Context {
    return { clock: this.#clock(context.clock), random: context.random, faults: this };
  }

  /** A store that dies with the agent: what it was asked before may still be committed, its answer never comes. */
  store(metadata: Metadata): Metadata {
    const write: Metadata['write'] = async (store, fn) => {
      if (this.#dead) return never();
      await this.reach();
      const result = await this.outlived(metadata.write(store, fn));
      await this.reach();
      return result;
    };
    return new Proxy(metadata, {
      get(target, property) {
        if (property === 'write') return write;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => this.outlived(clock.sleep(ms, signal)),
      timer: (ms, callback) => clock.timer(ms, () => (this.#dead ? undefined : callback())),
    };
  }
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});
