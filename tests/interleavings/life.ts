import type { Clock, Context, FaultInjector } from '@hawser/core';
import type { Metadata } from '@hawser/core/contracts';
import type { Host } from '@hawser/core/network';
import { withWrite } from '@hawser/core/testing';
import type { Turns } from './turns.ts';

/** One life of an agent inside the test's own process. When it ends, nothing of that agent goes on: whatever it waits for never comes. */
export class Life implements FaultInjector {
  readonly died: Promise<void>;
  readonly #turns: Turns;
  readonly #death = Promise.withResolvers<void>();
  readonly #onDeath: (() => void)[] = [];
  readonly #onPoint = new Map<string, () => void>();
  #left = Number.POSITIVE_INFINITY;
  #dead = false;

  constructor(turns: Turns) {
    this.#turns = turns;
    this.died = this.#death.promise;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Dies at the n-th point from now. */
  dieAfter(points: number): void {
    this.#left = points;
  }

  /** Runs once, when this point is reached next. */
  at(point: string, effect: () => void): void {
    this.#onPoint.set(point, effect);
  }

  /** Takes back what was to happen at points. */
  calm(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.#onPoint.clear();
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

  reach(point: string): void | Promise<void> {
    if (this.#dead || this.#left-- <= 0) {
      this.die();
      return never();
    }
    const effect = this.#onPoint.get(point);
    this.#onPoint.delete(point);
    effect?.();
    return this.#linger();
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
      await this.reach('store.write.before');
      const result = await this.outlived(this.#turns.work(() => metadata.write(store, fn)));
      await this.reach('store.write.after');
      return result;
    };
    return withWrite(metadata, write);
  }

  /** A host that takes its time to open a namespace. */
  host(host: Host): Host {
    const openNamespace: Host['openNamespace'] = async (path) => {
      await this.#linger();
      return host.openNamespace(path);
    };
    return new Proxy(host, {
      get(target, property) {
        if (property === 'openNamespace') return openNamespace;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #linger(): Promise<void> | undefined {
    const some = this.#turns.linger();
    return some && this.outlived(some);
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
