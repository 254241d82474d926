import type { Logger } from 'pino';
import { type Context, untilAborted } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { Events } from '../events/events.ts';
import type { Metadata, ReadTransaction, Transaction } from '../metadata/store.ts';
import { Collection, type Step } from './collection.ts';
import { Collectors } from './collectors.ts';
import { isCondemned } from './condemned.ts';
import { gcErrors } from './errors.ts';
import type { CollectionReport, Collector, Gc, GcStatus, Node } from './gc.ts';
import type { Marking } from './mark.ts';
import { nodeName } from './node.ts';
import { DEFAULT_GC_SETTINGS, type GcSettings } from './settings.ts';
import { Suspects } from './suspects.ts';
import { Timetable } from './timetable.ts';
import { type Outcome, Undertaking } from './undertaking.ts';

export interface GcDependencies {
  readonly metadata: Metadata;
  readonly events: Pick<Events, 'publish'>;
  readonly context: Context;
  readonly log: Logger;
  readonly settings?: Partial<GcSettings>;
}

/** Nodes condemned in one transaction: a run of thousands must not hold the store. */
const BATCH = 200;

/** Garbage collection: decides by `Collection`, carries out by one `Undertaking` a condemned node. */
export class GcScheduler implements Gc, AsyncDisposable {
  readonly #context: Context;
  readonly #log: Logger;
  readonly #settings: GcSettings;
  readonly #collectors = new Collectors();
  readonly #collection: Collection;
  readonly #timetable: Timetable;
  readonly #suspects: Suspects;
  readonly #undertakings = new Map<string, Undertaking>();
  readonly #stop = new AbortController();
  readonly #sweeping = new Set<Promise<unknown>>();
  #lastRun: GcStatus['lastRun'];
  #lastError: string | undefined;

  constructor({ metadata, events, context, log, settings = {} }: GcDependencies) {
    this.#context = context;
    this.#log = log;
    this.#settings = { ...DEFAULT_GC_SETTINGS, ...settings };
    this.#collection = new Collection({ metadata, events, collectors: this.#collectors, now: () => context.clock.now() });
    this.#timetable = new Timetable({
      clock: context.clock,
      pauseThreshold: this.#settings.pauseThreshold,
      run: () => void this.#background(),
    });
    this.#timetable.soon(this.#settings.startupDelayMs);
    this.#suspects = new Suspects({
      clock: context.clock,
      delayMs: this.#settings.scheduleDelayMs,
      look: (nodes) => this.#collection.isGarbageAmong(nodes),
      found: () => this.#timetable.soon(0),
    });
  }

  register(collector: Collector): Disposable {
    const registration = this.#collectors.add(collector);
    this.#timetable.soon(this.#settings.startupDelayMs);
    return registration;
  }

  async run({ signal, dryRun = false }: { readonly signal: AbortSignal; readonly dryRun?: boolean }): Promise<CollectionReport> {
    signal.throwIfAborted();
    this.#assertRunning();
    return dryRun ? this.#explain() : untilAborted(this.#track(this.#collect(true)), signal);
  }

  async collect(node: Node, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    this.#assertRunning();
    await untilAborted(this.#track(this.#collectOne(node, [])), signal);
  }

  async finished(node: Node, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    this.#assertRunning();
    const undertaking = this.#undertake(node);
    if (undertaking !== undefined) await untilAborted(undertaking.finished, signal);
  }

  trigger(tx: Transaction, nodes?: readonly Node[]): void {
    tx.afterCommit(() => (nodes === undefined ? this.#timetable.soon(this.#settings.scheduleDelayMs) : this.#suspects.add(nodes)));
  }

  condemn(tx: Transaction, node: Node): void {
    const step = this.#collection.condemnWithin(tx, node);
    tx.afterCommit(() => void this.#carryOut(step));
  }

  wakeAt(tx: Transaction, at: number): void {
    tx.afterCommit(() => this.#timetable.at(at));
  }

  isCondemned(tx: ReadTransaction, node: Node): boolean {
    return isCondemned(tx, node);
  }

  status(): GcStatus {
    const { nextRun } = this.#timetable;
    return {
      running: this.#sweeping.size > 0,
      ...(this.#lastRun === undefined ? {} : { lastRun: this.#lastRun }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      ...(nextRun === undefined ? {} : { nextRun: new Date(nextRun).toISOString() }),
      condemned: this.#collection
        .condemned()
        .map(([node, { since, attempts, lastError }]) => ({ ...node, since, attempts, ...(lastError === undefined ? {} : { lastError }) })),
    };
  }

  /** Stops clean-ups by their signals and waits for them; what is condemned stays in the list. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timetable[Symbol.dispose]();
    this.#suspects[Symbol.dispose]();
    this.#stop.abort(gcErrors.stopping('garbage collection stops'));
    const ends = [...this.#undertakings.values()].map((undertaking) => undertaking.finished);
    await Promise.allSettled([...ends, ...this.#sweeping]);
  }

  async #background(): Promise<void> {
    try {
      await this.#track(this.#collect(false));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#log.error({ err: error }, 'a garbage collection failed; it is tried again');
    }
  }

  /** One run. `hurry`: clean-ups that wait for their next attempt begin it now. */
  async #collect(hurry: boolean): Promise<CollectionReport> {
    const { clock } = this.#context;
    const began = clock.monotonic();
    const report = new Report();
    const { marking, undertakings } = await this.#sweep(report);
    await Promise.all(undertakings.map((undertaking) => this.#await(undertaking, hurry, report)));
    for (const node of marking.circular) report.fail(node, gcErrors.cycle('it refers to itself by way of others'));
    const done = report.close(marking.live, clock.monotonic() - began);
    this.#lastRun = { at: new Date(clock.now()).toISOString(), report: done };
    return done;
  }

  /** Marks and condemns. Fails as a whole when one collector can't answer, and is tried again then. */
  async #sweep(report: Report): Promise<{ readonly marking: Marking; readonly undertakings: readonly Undertaking[] }> {
    const began = this.#context.clock.monotonic();
    try {
      await this.#collection.expireLeases();
      const marking = this.#collection.mark();
      this.#timetable.swept(this.#context.clock.monotonic() - began, marking.nextExpiry);
      const condemned = await this.#condemnAll(marking, report);
      const former = this.#collection.condemned().map(([node]) => this.#undertake(node));
      this.#lastError = undefined;
      return { marking, undertakings: [...new Set([...condemned, ...former.filter((undertaking) => undertaking !== undefined)])] };
    } catch (error) {
      this.#lastError = toHawserError(error).message;
      this.#timetable.failed(this.#settings.retryFirstMs, this.#settings.retryMaxMs);
      throw error;
    }
  }

  async #condemnAll({ garbage }: Marking, report: Report): Promise<readonly Undertaking[]> {
    const begun: Undertaking[] = [];
    for (const store of ['root', 'state'] as const) {
      const nodes = garbage.filter(({ type }) => this.#collectors.get(type)?.collector.store === store);
      for (let start = 0; start < nodes.length; start += BATCH) {
        const batch = nodes.slice(start, start + BATCH);
        const outcome = this.#carryOut(await this.#collection.condemn(store, batch));
        for (const node of outcome.removed)
          report.remove(node, batch.find(({ type, key }) => type === node.type && key === node.key)?.reason);
        begun.push(...outcome.next);
      }
    }
    return begun;
  }

  /** Waits for an attempt, and for what follows from it. */
  async #await(undertaking: Undertaking, hurry: boolean, report: Report): Promise<void> {
    try {
      const { removed, next } = await (hurry ? undertaking.attempt() : undertaking.outcome);
      for (const node of removed) report.remove(node);
      await Promise.all(next.map((following) => this.#await(following, hurry, report)));
    } catch (error) {
      report.fail(undertaking.node, toHawserError(error));
    }
  }

  /** `path`: nodes on whose behalf it is collected, for they wait for it. */
  async #collectOne(node: Node, path: readonly string[]): Promise<void> {
    const name = nodeName(node);
    if (path.includes(name)) throw gcErrors.cycle(`${name} refers to itself by way of ${path.join(', ')}`);
    const registered = this.#collectors.get(node.type);
    if (registered === undefined) throw gcErrors.unknownType(`no plugin collects ${node.type}`, { details: { type: node.type } });
    for (;;) {
      const known = this.#undertake(node);
      if (known !== undefined) return void (await known.attempt());
      const { standing, step } = await this.#collection.condemnOne(registered.collector.store, node);
      const { next } = this.#carryOut(step);
      if (standing.kind === 'eligible') {
        await Promise.all(next.filter((undertaking) => nodeName(undertaking.node) === name).map((undertaking) => undertaking.attempt()));
        return;
      }
      if (standing.kind !== 'blocked') return;
      for (const referrer of standing.by) {
        await this.#collectOne(referrer, [...path, name]);
        await this.#undertakings.get(nodeName(referrer))?.finished;
      }
    }
  }

  /** Begins what a transaction has condemned. */
  #carryOut({ removed, condemned, elsewhere }: Step): Outcome {
    if (elsewhere.length > 0) this.#timetable.soon(this.#settings.scheduleDelayMs);
    return { removed, next: condemned.map((node) => this.#undertake(node)).filter((undertaking) => undertaking !== undefined) };
  }

  /**
   * The one undertaking of a condemned node: also of one that an earlier process, or a type that was away, left behind.
   * Several may hear of a condemnation, at once or late; a second undertaking would clean up, and finish, what is made
   * under this name after the first one. So it is forgotten by the commit that finishes it, and begins for what is
   * condemned then.
   */
  #undertake(node: Node): Undertaking | undefined {
    const name = nodeName(node);
    const known = this.#undertakings.get(name);
    if (known !== undefined) return known;
    const registered = this.#collectors.get(node.type);
    if (registered === undefined || this.#stop.signal.aborted) return undefined;
    const { store } = registered.collector;
    if (!this.#collection.isCondemned(store, node)) return undefined;
    const { cleanupDeadlineMs, retryFirstMs, retryMaxMs } = this.#settings;
    const forget = () => void (this.#undertakings.get(name) === undertaking && this.#undertakings.delete(name));
    const undertaking = new Undertaking({
      node,
      registered,
      clock: this.#context.clock,
      deadlineMs: cleanupDeadlineMs,
      retry: { firstMs: retryFirstMs, maxMs: retryMaxMs },
      signal: this.#stop.signal,
      finish: async () => this.#carryOut(await this.#collection.finish(store, node, forget)),
      failed: (error, attempts) => this.#failed(node, error, attempts),
    });
    this.#undertakings.set(name, undertaking);
    undertaking.finished.then(forget, forget);
    return undertaking;
  }

  async #failed(node: Node, error: Error, attempts: number): Promise<void> {
    this.#log.warn({ err: error, ...node, attempts }, 'a clean-up failed; it is tried again');
    const store = this.#collectors.get(node.type)?.collector.store;
    if (store === undefined) return;
    try {
      await this.#collection.failed(store, node, error.message);
    } catch (second) {
      this.#log.error({ err: second, ...node }, 'a failed clean-up could not be taken down');
    }
  }

  #explain(): CollectionReport {
    const began = this.#context.clock.monotonic();
    const { garbage, live } = this.#collection.mark();
    return { removed: garbage, kept: live, failed: [], durationMs: this.#context.clock.monotonic() - began };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#sweeping.add(work);
    const done = () => void this.#sweeping.delete(work);
    work.then(done, done);
    return work;
  }

  #assertRunning(): void {
    if (this.#stop.signal.aborted) throw gcErrors.stopping('garbage collection has stopped');
  }
}

/** What a run comes to, while it goes on. */
class Report {
  readonly #removed = new Map<string, Node & { readonly reason: string }>();
  readonly #failed = new Map<string, Node & { readonly error: string }>();

  remove({ type, key }: Node, reason = 'what kept it is gone'): void {
    this.#removed.set(nodeName({ type, key }), { type, key, reason });
  }

  fail({ type, key }: Node, error: Error): void {
    this.#failed.set(nodeName({ type, key }), { type, key, error: error.message });
  }

  close(kept: number, durationMs: number): CollectionReport {
    return { removed: [...this.#removed.values()], kept, failed: [...this.#failed.values()], durationMs };
  }
}
