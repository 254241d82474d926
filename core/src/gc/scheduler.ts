import type { Logger } from 'pino';
import { type Context, deadlineSignal, steadyClock, untilAborted } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import type { Labels } from '../metadata/labels.ts';
import { DEFAULT_NAMESPACE, type Metadata, type ReadTransaction, type StoreName, type Transaction } from '../metadata/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Collection } from './collection.ts';
import { Collectors } from './collectors.ts';
import { isCondemned } from './condemned.ts';
import { Cycle } from './cycle.ts';
import { gcErrors } from './errors.ts';
import { expireLeases } from './expired-leases.ts';
import type { CollectionReport, Collector, CondemnedStatus, Gc, GcStatus, NamespacedNode, Node, NodeScope } from './gc.ts';
import { KnownTypes } from './known-types.ts';
import { LabelUse } from './label-use.ts';
import { OwnCommits } from './own-commits.ts';
import { relabel } from './relabel.ts';
import { Runs } from './runs.ts';
import { DEFAULT_GC_SETTINGS, type GcSettings } from './settings.ts';
import { Statistics } from './statistics.ts';
import { Suspects } from './suspects.ts';
import { Timetable } from './timetable.ts';
import { fullName, Undertakings } from './undertakings.ts';

export interface GcDependencies {
  readonly metadata: Metadata;
  readonly events: Pick<Events, 'publish'>;
  readonly context: Context;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly settings?: Partial<GcSettings>;
}

/** Of a node that an earlier process, or a type that was away, left condemned. */
const RESUMED = 'it was condemned';

/** Garbage collection: decides by `Collection`, carries out by one `Undertaking` a condemned node. */
export class GcScheduler implements Gc, AsyncDisposable {
  readonly #deps: GcDependencies;
  readonly #settings: GcSettings;
  readonly #collectors = new Collectors();
  readonly #types: KnownTypes;
  readonly #labels: LabelUse;
  readonly #collection: Collection;
  readonly #undertakings: Undertakings;
  readonly #runs: Runs;
  readonly #timetable: Timetable;
  readonly #suspects: Suspects;
  readonly #statistics: Statistics;
  readonly #resources = new DisposableStack();
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<unknown>>();

  constructor(deps: GcDependencies) {
    const { metadata, events, context, log, metrics } = deps;
    const { clock } = context;
    const steady = steadyClock(clock);
    this.#deps = deps;
    this.#settings = { ...DEFAULT_GC_SETTINGS, ...deps.settings };
    this.#statistics = new Statistics(metrics);
    this.#types = new KnownTypes(metadata);
    this.#labels = new LabelUse(metadata);
    const own = new OwnCommits();
    const collection = new Collection({
      metadata,
      events,
      collectors: this.#collectors,
      types: this.#types,
      labels: this.#labels,
      clock: steady,
      sliceMs: this.#settings.sliceMs,
      committed: own.committed,
    });
    this.#collection = collection;
    this.#timetable = this.#resources.use(new Timetable({ clock: steady, settings: this.#settings, run: () => void this.#background() }));
    this.#resources.use(metadata.onCommit((_store, transactions) => this.#timetable.mutated(own.others(transactions))));
    this.#suspects = this.#resources.use(
      new Suspects({
        clock,
        delayMs: this.#settings.scheduleDelayMs,
        look: (nodes) => collection.isGarbageAmong(nodes),
        found: (count) => this.#timetable.deleted(count),
      }),
    );
    this.#undertakings = this.#openUndertakings();
    const cycle = new Cycle({
      collection,
      collectors: this.#collectors,
      undertakings: this.#undertakings,
      clock,
      sliceMs: this.#settings.sliceMs,
      signal: this.#stop.signal,
      expireLeases: (pace, lifetime) =>
        expireLeases({ metadata, events, clock: steady, committed: own.committed, statistics: this.#statistics }, pace, lifetime),
    });
    this.#runs = new Runs({
      clock,
      log,
      settings: this.#settings,
      collection,
      cycle,
      types: this.#types,
      undertakings: this.#undertakings,
      timetable: this.#timetable,
      statistics: this.#statistics,
    });
  }

  register(collector: Collector): Disposable {
    const registration = this.#collectors.add(collector);
    this.#types.arrive(collector).catch((error: unknown) => {
      this.#deps.log.warn({ err: error, type: collector.type }, 'a type could not be taken down; it is tried again with the next run');
    });
    this.#timetable.starting();
    return {
      [Symbol.dispose]: () => {
        this.#types.leave(collector);
        registration[Symbol.dispose]();
      },
    };
  }

  async run({ signal, dryRun = false }: { readonly signal: AbortSignal; readonly dryRun?: boolean }): Promise<CollectionReport> {
    signal.throwIfAborted();
    this.#assertRunning();
    return await untilAborted(this.#track(dryRun ? this.#runs.explain() : this.#runs.run({ hurry: true, protectMs: 0 })), signal);
  }

  async collect(node: Node, { signal, namespace = DEFAULT_NAMESPACE }: NodeScope): Promise<void> {
    signal.throwIfAborted();
    this.#assertRunning();
    await untilAborted(this.#track(this.#collectOne({ namespace, ...node }, [])), signal);
  }

  async finished(node: Node, { signal, namespace = DEFAULT_NAMESPACE }: NodeScope): Promise<void> {
    signal.throwIfAborted();
    this.#assertRunning();
    this.#storeOf(node);
    const undertaking = this.#undertakings.begin({ namespace, ...node }, RESUMED, true);
    if (undertaking !== undefined) await untilAborted(undertaking.finished, signal);
  }

  trigger(tx: Transaction, nodes?: readonly Node[]): void {
    const { namespace } = tx;
    tx.afterCommit(() => {
      if (nodes === undefined) this.#timetable.deleted();
      else this.#suspects.add(nodes.map(({ type, key }) => ({ namespace, type, key })));
    });
  }

  condemn(tx: Transaction, node: Node): void {
    const step = this.#collection.condemnWithin(tx, node);
    tx.afterCommit(() => void this.#undertakings.carryOut(step, true));
  }

  wakeAt(tx: Transaction, at: number): void {
    tx.afterCommit(() => this.#timetable.at(at));
  }

  relabel(tx: Transaction, node: Node, before: Labels, after: Labels | undefined): void {
    relabel(this, this.#labels, tx, node, before, after);
  }

  storeOf(type: string): StoreName | undefined {
    return this.#collectors.get(type)?.collector.store;
  }

  isCondemned(tx: ReadTransaction, node: Node): boolean {
    return isCondemned(tx, node);
  }

  async drain(signal: AbortSignal): Promise<readonly CondemnedStatus[]> {
    using deadline = deadlineSignal(this.#deps.context.clock, this.#settings.drainDeadlineMs, 'the last collection', signal);
    try {
      this.#assertRunning();
      this.#undertakings.hurry();
      await untilAborted(this.#track(this.#runs.run({ hurry: true, protectMs: 0 })), deadline.signal);
      await untilAborted(this.#undertakings.idle(), deadline.signal);
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'the last collection did not come to its end; the next start goes on with it');
    }
    try {
      return this.#stop.signal.aborted ? [] : this.#condemned();
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'what the last collection has left can not be told');
      return [];
    }
  }

  forget(type: string): Promise<boolean> {
    return this.#types.forget(type);
  }

  status(): GcStatus {
    const { nextRun } = this.#timetable;
    const { clock } = this.#deps.context;
    const ahead = clock.now() - steadyClock(clock).now();
    return {
      running: this.#work.size > 0,
      ...this.#runs.last,
      ...(nextRun === undefined ? {} : { nextRun: new Date(nextRun + ahead).toISOString() }),
      condemned: this.#condemned(),
      absentTypes: this.#types.absent,
      statistics: this.#statistics.current,
    };
  }

  /** Stops clean-ups by their signals and waits for them; what is condemned stays in the list. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#resources.dispose();
    this.#stop.abort(gcErrors.stopping('garbage collection stops'));
    await this.#undertakings.idle();
    await Promise.allSettled(this.#work);
  }

  #openUndertakings(): Undertakings {
    const { cleanupDeadlineMs: deadlineMs, cleanupsAtOnce: width, retryFirstMs: firstMs, retryMaxMs: maxMs } = this.#settings;
    return new Undertakings({
      collectors: this.#collectors,
      clock: this.#deps.context.clock,
      deadlineMs,
      width,
      signal: this.#stop.signal,
      retry: { firstMs, maxMs },
      isCondemned: (node) => this.#collection.isCondemned(this.#storeOf(node), node),
      finish: (node, done) => this.#collection.finish(this.#storeOf(node), node, done),
      failed: (node, error, attempts) => this.#cleanupFailed(node, error, attempts),
      later: (nodes) => this.#suspects.add(nodes),
      gone: (nodes) => this.#statistics.removed(nodes),
    });
  }

  async #background(): Promise<void> {
    try {
      await this.#track(this.#runs.run({ hurry: false, protectMs: this.#settings.protectMs }));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#deps.log.error({ err: error }, 'a garbage collection failed; it is tried again');
    }
  }

  /** `path`: nodes on whose behalf it is collected, for they wait for it. */
  async #collectOne(node: NamespacedNode, path: readonly string[]): Promise<void> {
    const name = fullName(node);
    if (path.includes(name)) throw gcErrors.cycle(`${name} refers to itself by way of ${path.join(', ')}`);
    const store = this.#storeOf(node);
    for (;;) {
      this.#assertRunning(); // nothing is begun any more then, and what is in the way stays there
      const known = this.#undertakings.begin(node, RESUMED, true);
      if (known !== undefined) return void (await known.attempt());
      const { standing, step } = await this.#collection.condemnOne(store, node);
      const { next } = this.#undertakings.carryOut(step, true);
      if (standing.kind === 'eligible') {
        await Promise.all(next.filter((undertaking) => fullName(undertaking.node) === name).map((undertaking) => undertaking.attempt()));
        return;
      }
      if (standing.kind !== 'blocked') return;
      for (const referrer of [...standing.by, ...standing.ties]) {
        const blocking = { namespace: node.namespace, type: referrer.type, key: referrer.key };
        await this.#collectOne(blocking, [...path, name]);
        await this.#undertakings.get(blocking)?.finished;
      }
    }
  }

  async #cleanupFailed(node: NamespacedNode, error: Error, attempts: number): Promise<void> {
    const { log } = this.#deps;
    log.warn({ err: error, ...node, attempts }, 'a clean-up failed; it is tried again');
    this.#statistics.cleanupFailed(node.type);
    const store = this.storeOf(node.type);
    if (store === undefined) return;
    try {
      await this.#collection.failed(store, node, error.message);
    } catch (second) {
      log.error({ err: second, ...node }, 'a failed clean-up could not be taken down');
    }
  }

  #condemned(): readonly CondemnedStatus[] {
    const unbegun = ({ type }: Node) => (this.#collectors.get(type) === undefined ? 'blocked' : 'waiting');
    const stateOf = (node: NamespacedNode) => this.#undertakings.get(node)?.state ?? unbegun(node);
    return this.#collection.condemned().map(([node, record]) => ({ ...node, ...record, state: stateOf(node) }));
  }

  #storeOf({ type }: Node) {
    const store = this.storeOf(type);
    if (store === undefined) throw gcErrors.unknownType(`no plugin collects ${type}`, { details: { type } });
    return store;
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const done = () => void this.#work.delete(work);
    work.then(done, done);
    return work;
  }

  #assertRunning(): void {
    if (this.#stop.signal.aborted) throw gcErrors.stopping('garbage collection has stopped');
  }
}
