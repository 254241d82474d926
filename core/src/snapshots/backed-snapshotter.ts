import type { Logger } from 'pino';
import { type Context, untilAborted } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { Gc } from '../gc/gc.ts';
import { nodeName, parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import type { Leases } from '../leases/leases.ts';
import type { Events } from '../events/events.ts';
import { newLabels } from '../metadata/labels.ts';
import type {
  BackedData,
  BackedOptions,
  BackedScope,
  BackedSnapshot,
  BackedSnapshotter,
  BackedType,
  BackendFindings,
} from '../metadata/snapshot-backend.ts';
import type { Snapshot, Snapshots, Snapshotter, SnapshotUsage } from '../metadata/snapshots.ts';
import { DEFAULT_NAMESPACE, type Metadata, type ReadTransaction, type Transaction } from '../metadata/store.ts';
import { objectCollector, objectId, objectNode, readObject, writeObject } from './backend-objects.ts';
import { applyChanges } from './apply-changes.ts';
import { BackendComparison } from './backend-comparison.ts';
import { snapshotErrors } from './errors.ts';
import { checkParents, isSame } from './parents.ts';
import { Turns } from './turns.ts';

export interface BackedDependencies {
  readonly context: Pick<Context, 'clock' | 'random' | 'faults'>;
  readonly log: Logger;
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  readonly events: Pick<Events, 'publish'>;
  readonly leases: Pick<Leases, 'underLease' | 'resources'>;
  readonly gc: Pick<Gc, 'register' | 'condemn' | 'isCondemned'>;
  readonly snapshots: Pick<Snapshots, 'open'>;
}

type Point = 'after_reservation' | 'after_prepare' | 'after_record' | 'before_commit' | 'after_commit' | 'before_remove' | 'after_remove';

/** Snapshots of one type with a backend: what is done outside of the store, and what is written around it. */
export class StoreBackedSnapshotter implements BackedSnapshotter {
  readonly type: string;
  readonly records: Snapshotter<BackedData>;
  readonly #core: BackedDependencies;
  readonly #definition: BackedType;
  readonly #turns = new Turns();
  readonly #stop = new AbortController();
  readonly #registrations: Disposable;
  readonly #comparison: BackendComparison;
  readonly #closed: () => void;

  /** `closed` is called at the end. */
  constructor(definition: BackedType, core: BackedDependencies, closed: () => void) {
    const { type, store } = definition;
    this.type = type;
    this.#core = core;
    this.#closed = closed;
    this.#definition = definition;
    using opening = new DisposableStack();
    this.records = opening.use(
      core.snapshots.open<BackedData>({
        type,
        store,
        removed: (tx, { data }) => core.gc.condemn(tx, objectNode(type, data.id)),
      }),
    );
    opening.use(
      core.gc.register(
        objectCollector({
          type,
          store,
          isKept: (tx, id) => this.#turns.has(id) || this.#snapshotOf(tx, id) !== undefined,
          remove: (id, signal) => this.#removeObject(id, signal),
        }),
      ),
    );
    this.#registrations = opening.move();
    this.#comparison = new BackendComparison(definition, core, this.#stop.signal);
  }

  get compared(): Promise<BackendFindings> {
    return this.#comparison.findings;
  }

  prepare(key: string, options: BackedOptions): Promise<BackedSnapshot> {
    return this.#make('active', key, options);
  }

  view(key: string, options: BackedOptions): Promise<BackedSnapshot> {
    return this.#make('view', key, options);
  }

  async commit(key: string, options: BackedOptions): Promise<BackedSnapshot> {
    const { namespace, signal, lease, ...changes } = options;
    this.#assertOpen(signal);
    const { id } = this.#read(namespace, (tx) => this.records.stat(tx, key)).data;
    return this.#work(id, namespace, signal, async (working) => {
      working.throwIfAborted();
      const parents = this.#read(namespace, (tx) => {
        this.#assertLease(tx, lease);
        applyChanges(this.records.stat(tx, key), changes); // throws where they can't be made
        return this.#assertCommittable(tx, key, id, changes.parents);
      });
      await this.#reach('before_commit');
      const place = await this.#definition.backend.commit({ id, kind: 'active', parents }, working);
      await this.#reach('after_commit');
      const write = (tx: Transaction) => {
        this.#assertUnmoved(key, parents, this.#assertCommittable(tx, key, id, changes.parents));
        return this.records.commit(tx, key, { ...changes, data: { id, place } });
      };
      return this.#write(namespace, write, lease);
    });
  }

  async remove(key: string, { namespace }: { readonly namespace?: string } = {}): Promise<void> {
    this.#stop.signal.throwIfAborted();
    await this.#write(namespace, (tx) => this.records.remove(tx, key));
  }

  mounts(key: string, { namespace }: { readonly namespace?: string } = {}): JsonObject {
    const { kind, data } = this.#read(namespace, (tx) => this.records.stat(tx, key));
    if (kind === 'committed') {
      throw snapshotErrors.failedPrecondition(`${this.type}/${key} is committed: it is reached by what stands on it`, {
        remedy: 'Prepare a snapshot or a view on top of it.',
      });
    }
    return data.place;
  }

  async usage(key: string, { namespace, signal }: BackedScope): Promise<SnapshotUsage> {
    this.#assertOpen(signal);
    const { id } = this.#read(namespace, (tx) => this.records.stat(tx, key)).data;
    return this.#work(id, namespace, signal, (working) => this.#definition.backend.usage(id, working));
  }

  /** Tells what is under way to end, and waits for it. What is left half made is garbage for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(snapshotErrors.closed(`snapshots of type ${this.type} are closed`));
    this.#comparison[Symbol.dispose]();
    await this.#turns.idle();
    this.#registrations[Symbol.dispose]();
    this.#closed();
  }

  async #make(kind: 'active' | 'view', key: string, options: BackedOptions): Promise<BackedSnapshot> {
    const { namespace = DEFAULT_NAMESPACE, signal, lease, labels = {}, parents = [] } = options;
    this.#assertOpen(signal);
    const id = objectId(namespace, this.#core.context.random.id());
    return this.#work(id, namespace, signal, async (working) => {
      const below = await this.#reserve(id, key, options);
      await this.#reach('after_reservation');
      working.throwIfAborted();
      const place = await this.#definition.backend.prepare({ id, kind, parents: below }, working);
      await this.#reach('after_prepare');
      working.throwIfAborted();
      const wanted = { data: { id, place }, parents, labels };
      const write = (tx: Transaction) => {
        this.#assertUnmoved(key, below, this.#objectsOf(tx, parents));
        return kind === 'view' ? this.records.view(tx, key, wanted) : this.records.prepare(tx, key, wanted);
      };
      const made = await this.#write(namespace, write, lease);
      await this.#reach('after_record');
      return made;
    });
  }

  /** The first transaction: everything that can be refused is refused before the backend does anything. */
  async #reserve(id: string, key: string, { namespace, lease, labels = {}, parents = [] }: BackedOptions): Promise<readonly string[]> {
    const { context, gc } = this.#core;
    const outcome = await this.#write(
      namespace,
      (tx) => {
        tx.refuseWhenFull();
        if (this.records.get(tx, key) !== undefined) return this.#meet(tx, key);
        this.#assertLease(tx, lease);
        checkParents(tx, gc, parents);
        newLabels(labels, snapshotErrors.invalidLabels);
        writeObject(tx, this.type, id, { key, since: new Date(context.clock.now()).toISOString() });
        return this.#objectsOf(tx, parents);
      },
      lease,
    );
    if (outcome === 'exists')
      throw snapshotErrors.alreadyExists(`${this.type}/${key} exists already`, { details: { type: this.type, key } });
    return outcome;
  }

  #assertLease(tx: ReadTransaction, lease: string | undefined): void {
    if (lease !== undefined) this.#core.leases.resources(tx, lease, { limit: 1 }); // throws where there is none
  }

  /** The refusal comes after the commit, so that the lease keeps what it was asked for. */
  #meet(tx: Transaction, key: string): 'exists' {
    this.records.lease(tx, key);
    return 'exists';
  }

  #objectsOf(tx: ReadTransaction, parents: readonly string[]): readonly string[] {
    const keys = parents.map(parseNode).filter((node) => node?.type === this.type);
    return keys.map((node) => this.records.get(tx, node?.key ?? '')?.data.id).filter((id) => id !== undefined);
  }

  #assertCommittable(tx: ReadTransaction, key: string, id: string, wanted: readonly string[] = []): readonly string[] {
    const { kind, parents, data } = this.records.stat(tx, key);
    const node = { type: this.type, key };
    if (data.id !== id) throw snapshotErrors.notFound(`${nodeName(node)} was removed meanwhile`, { details: node });
    if (kind !== 'active')
      throw snapshotErrors.failedPrecondition(`${nodeName(node)} is ${kind}, not active`, { details: { ...node, kind } });
    if (wanted.length === 0 || isSame(wanted, parents)) return this.#objectsOf(tx, parents);
    if (parents.length > 0)
      throw snapshotErrors.failedPrecondition(`${nodeName(node)} stands on others already`, { details: { ...node, parents } });
    checkParents(tx, this.#core.gc, wanted);
    return this.#objectsOf(tx, wanted);
  }

  /** Names may have been given to others while the backend was at work, which built on the objects of before. */
  #assertUnmoved(key: string, before: readonly string[], now: readonly string[]): void {
    if (before.length === now.length && before.every((id, index) => id === now[index])) return;
    throw snapshotErrors.notFound(`what ${this.type}/${key} was to stand on was removed meanwhile`, { details: { type: this.type, key } });
  }

  /**
   * One piece of work on an object. Its caller may leave; the work is told to end, and is waited for before anything is
   * undone. An object that has no snapshot afterwards is garbage from then on.
   */
  #work<T>(id: string, namespace: string | undefined, signal: AbortSignal, work: (working: AbortSignal) => Promise<T>): Promise<T> {
    const working = AbortSignal.any([signal, this.#stop.signal]);
    const turn = this.#turns.run(id, () => work(working));
    const settled = (): Promise<void> => this.#settle(id, namespace);
    turn.then(settled, settled);
    return untilAborted(turn, signal);
  }

  async #settle(id: string, namespace: string | undefined): Promise<void> {
    try {
      if (this.#stop.signal.aborted || this.#turns.has(id)) return;
      const isLeft = (tx: ReadTransaction): boolean =>
        readObject(tx, this.type, id) !== undefined && this.#snapshotOf(tx, id) === undefined;
      if (this.#read(namespace, isLeft)) await this.#write(namespace, (tx) => this.#core.gc.condemn(tx, objectNode(this.type, id)));
    } catch (error) {
      // It is garbage all the same: the next collection finds it.
      this.#core.log.warn({ err: toHawserError(error), type: this.type, id }, 'an object without a snapshot could not be condemned yet');
    }
  }

  async #removeObject(id: string, signal: AbortSignal): Promise<void> {
    await this.#reach('before_remove');
    await this.#definition.backend.remove(id, signal); // nobody is at work on it, and nobody finds it any more
    await this.#reach('after_remove');
  }

  #snapshotOf(tx: ReadTransaction, id: string): Snapshot<BackedData> | undefined {
    const key = readObject(tx, this.type, id)?.key;
    const snapshot = key === undefined || key === '' ? undefined : this.records.get(tx, key);
    return snapshot?.data.id === id ? snapshot : undefined;
  }

  #assertOpen(signal: AbortSignal): void {
    signal.throwIfAborted();
    this.#stop.signal.throwIfAborted();
  }

  #read<T>(namespace: string | undefined, fn: (tx: ReadTransaction) => T): T {
    return this.#core.metadata.read(this.#definition.store, fn, namespace === undefined ? {} : { namespace });
  }

  #write<T>(namespace: string | undefined, fn: (tx: Transaction) => T, lease?: string): Promise<T> {
    const scope = { ...(namespace === undefined ? {} : { namespace }), ...(lease === undefined ? {} : { lease }) };
    return this.#core.metadata.write(this.#definition.store, fn, scope);
  }

  async #reach(point: Point): Promise<void> {
    await this.#core.context.faults?.reach(`snapshots.${point}`);
  }
}
