import type { Clock } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import type { Gc, Node } from '../gc/gc.ts';
import { nodeName, parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import { unlinkNode } from '../leases/lease-records.ts';
import type { Leases } from '../leases/leases.ts';
import { newLabels } from '../metadata/labels.ts';
import { pastDamaged } from '../metadata/past-damaged.ts';
import type {
  CommitChanges,
  PrepareOptions,
  Snapshot,
  SnapshotChanges,
  SnapshotRange,
  SnapshotKind,
  Snapshotter,
  SnapshotType,
  SnapshotUsage,
} from '../metadata/snapshots.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import type { Counter } from '../telemetry/metrics.ts';
import { applyChanges } from './apply-changes.ts';
import { snapshotErrors } from './errors.ts';
import { checkParents, isSame, linkParents } from './parents.ts';
import {
  damagedSnapshot,
  deleteRecord,
  hasRecord,
  readChildren,
  readRecord,
  readRecords,
  recordUsage,
  type SnapshotRecord,
  toSnapshot,
  writeRecord,
} from './snapshot-records.ts';

export interface SnapshotterDependencies {
  readonly clock: Pick<Clock, 'now'>;
  readonly events: Pick<Events, 'publish'>;
  readonly leases: Pick<Leases, 'underLease'>;
  readonly gc: Pick<Gc, 'isCondemned' | 'trigger' | 'relabel'>;
}

type Verb = 'prepared' | 'committed' | 'updated' | 'removed';

/** The snapshots of one type. Its data is what this type's own calls have put. */
export class TypedSnapshotter<D extends JsonObject> implements Snapshotter<D> {
  readonly type: string;
  readonly #definition: SnapshotType<D>;
  readonly #core: SnapshotterDependencies;
  readonly #changes: Counter;
  /** One object each, made once: they are on the way of every ADD. */
  readonly #labels: Readonly<Record<Verb, { readonly type: string; readonly change: Verb }>>;

  constructor(definition: SnapshotType<D>, core: SnapshotterDependencies, changes: Counter) {
    const { type } = definition;
    this.type = type;
    this.#definition = definition;
    this.#core = core;
    this.#changes = changes;
    this.#labels = {
      prepared: { type, change: 'prepared' },
      committed: { type, change: 'committed' },
      updated: { type, change: 'updated' },
      removed: { type, change: 'removed' },
    };
  }

  prepare(tx: Transaction, key: string, options: PrepareOptions<D>): Snapshot<D> {
    return this.#make(tx, key, options.committed === true ? 'committed' : 'active', options);
  }

  view(tx: Transaction, key: string, options: Omit<PrepareOptions<D>, 'committed'>): Snapshot<D> {
    return this.#make(tx, key, 'view', options);
  }

  commit(tx: Transaction, key: string, changes: CommitChanges<D> = {}): Snapshot<D> {
    const record = this.#changeable(tx, key);
    if (record.kind !== 'active') {
      const fault = record.kind === 'view' ? 'is a view' : 'is committed already';
      throw snapshotErrors.failedPrecondition(`${this.type}/${key} ${fault}`, { details: { ...this.#node(tx, key), kind: record.kind } });
    }
    return tx.attempt(() => {
      const parents = this.#adopt(tx, key, record, changes.parents);
      this.#core.leases.underLease(tx, this.#node(tx, key));
      return this.#change(tx, key, { ...record, kind: 'committed', parents }, changes, 'committed');
    });
  }

  update(tx: Transaction, key: string, changes: SnapshotChanges<D>): Snapshot<D> {
    return tx.attempt(() => this.#change(tx, key, this.#changeable(tx, key), changes, 'updated'));
  }

  get(tx: ReadTransaction, key: string): Snapshot<D> | undefined {
    const record = readRecord(tx, this.#node(tx, key));
    return record === undefined ? undefined : this.#stored(tx.namespace, key, record);
  }

  stat(tx: ReadTransaction, key: string): Snapshot<D> {
    return this.#stored(tx.namespace, key, this.#existing(tx, key));
  }

  usage(tx: ReadTransaction, key: string): SnapshotUsage {
    return recordUsage(this.#existing(tx, key));
  }

  *walk(tx: ReadTransaction, { prefix = '', after, onDamaged }: SnapshotRange = {}): Iterable<Snapshot<D>> {
    if (onDamaged === undefined) {
      for (const [, snapshot] of this.#scan(tx, prefix, after)) yield snapshot;
      return;
    }
    const keyOf = (name: string): string => name.slice(this.type.length + 1);
    for (const [, snapshot, refusal] of pastDamaged((from) => this.#scan(tx, prefix, from), keyOf, after)) {
      if (refusal === undefined) yield snapshot;
      else onDamaged(refusal);
    }
  }

  lease(tx: Transaction, key: string, id?: string): void {
    this.#changeable(tx, key);
    this.#core.leases.underLease(tx, this.#node(tx, key), id);
  }

  hasChildren(tx: ReadTransaction, key: string): boolean {
    for (const _child of this.children(tx, key)) return true;
    return false;
  }

  children(tx: ReadTransaction, key: string): Iterable<string> {
    return readChildren(tx, this.#node(tx, key));
  }

  remove(tx: Transaction, key: string): void {
    const record = this.#changeable(tx, key);
    this.erase(tx, key, record);
    unlinkNode(tx, this.#node(tx, key)); // a lease must not protect who has the key next
    this.#core.gc.trigger(
      tx,
      record.parents.map(parseNode).filter((parent) => parent !== undefined),
    );
  }

  /** Deletes the record; for garbage collection too, which has condemned it. */
  erase(tx: Transaction, key: string, record: SnapshotRecord): void {
    const node = this.#node(tx, key);
    if (this.hasChildren(tx, key))
      throw snapshotErrors.hasChildren(`${nodeName(node)} has children`, { details: { ...node, children: [...this.children(tx, key)] } });
    deleteRecord(tx, node, record);
    this.#core.gc.relabel(tx, node, record.labels, undefined);
    this.#tell(tx, 'removed', node);
    this.#definition.removed?.(tx, this.#stored(tx.namespace, key, record));
  }

  #make(tx: Transaction, key: string, kind: SnapshotKind, options: PrepareOptions<D>): Snapshot<D> {
    const node = this.#node(tx, key);
    return hasRecord(tx, node) ? this.#meet(tx, node, options) : tx.attempt(() => this.#makeNew(tx, node, kind, options));
  }

  #makeNew(tx: Transaction, node: Node, kind: SnapshotKind, options: PrepareOptions<D>): Snapshot<D> {
    const { key } = node;
    // Its record was lost, and what it stands for is in use: made anew, it would be given away twice.
    if (this.hasChildren(tx, key)) throw damagedSnapshot(tx.store, tx.namespace, node, 'is missing, and others stand on it');
    const { data, parents = [], labels = {} } = options;
    checkParents(tx, this.#core.gc, parents);
    const createdAt = this.#now();
    const record: SnapshotRecord<D> = {
      kind,
      parents: [...new Set(parents)],
      labels: newLabels(labels, snapshotErrors.invalidLabels),
      createdAt,
      updatedAt: createdAt,
      data,
    };
    writeRecord(tx, node, record);
    linkParents(tx, record.parents, node);
    this.#protect(tx, node, options.lease);
    this.#core.gc.relabel(tx, node, {}, record.labels);
    this.#tell(tx, kind === 'committed' ? 'committed' : 'prepared', node, {
      parents: record.parents,
      ...(kind === 'view' ? { kind } : {}),
    });
    return this.#snapshot(tx.namespace, key, record);
  }

  /** The key is there already. Who asks for it relies on it: the lease takes it, whether that is refused or not. */
  #meet(tx: Transaction, node: Node, { lease, orExisting = false }: PrepareOptions<D>): Snapshot<D> {
    const condemned = this.#core.gc.isCondemned(tx, node);
    if (!condemned) this.#protect(tx, node, lease);
    if (orExisting && !condemned) return this.stat(tx, node.key);
    const fault = condemned ? 'exists already, and is being removed' : 'exists already';
    throw snapshotErrors.alreadyExists(`${nodeName(node)} ${fault}`, { details: { ...node } });
  }

  #protect(tx: Transaction, node: Node, lease: string | undefined): void {
    this.#core.leases.underLease(tx, node);
    if (lease !== undefined && lease !== tx.lease) this.#core.leases.underLease(tx, node, lease);
  }

  /** Its parents after a commit. */
  #adopt(tx: Transaction, key: string, record: SnapshotRecord, wanted: readonly string[] = []): readonly string[] {
    if (wanted.length === 0 || isSame(wanted, record.parents)) return record.parents;
    const node = this.#node(tx, key);
    if (record.parents.length > 0) {
      throw snapshotErrors.failedPrecondition(`${nodeName(node)} stands on ${record.parents.join(', ')} and can't be put on others`, {
        details: { ...node, parents: record.parents },
      });
    }
    const parents = [...new Set(wanted)];
    checkParents(tx, this.#core.gc, parents);
    linkParents(tx, parents, node);
    return parents;
  }

  #change(tx: Transaction, key: string, former: SnapshotRecord, changes: SnapshotChanges<D>, verb: Verb): Snapshot<D> {
    const node = this.#node(tx, key);
    const { labels, data } = applyChanges(former, changes);
    const record = { ...former, labels, data, updatedAt: this.#now() };
    writeRecord(tx, node, record, former);
    this.#core.gc.relabel(tx, node, former.labels, labels);
    this.#tell(tx, verb, node);
    return this.#snapshot(tx.namespace, key, record);
  }

  #existing(tx: ReadTransaction, key: string): SnapshotRecord {
    const node = this.#node(tx, key);
    const record = readRecord(tx, node);
    if (record === undefined) throw snapshotErrors.notFound(`there is no ${nodeName(node)}`, { details: { ...node } });
    return record;
  }

  #changeable(tx: Transaction, key: string): SnapshotRecord {
    const record = this.#existing(tx, key);
    const node = this.#node(tx, key);
    if (this.#core.gc.isCondemned(tx, node))
      throw snapshotErrors.failedPrecondition(`${nodeName(node)} is being removed`, { details: { ...node } });
    return record;
  }

  #node(tx: ReadTransaction, key: string): Node {
    if (tx.store !== this.#definition.store)
      throw snapshotErrors.invalidType(`snapshots of type ${this.type} are in the ${this.#definition.store} store`);
    return { type: this.type, key };
  }

  #tell(tx: Transaction, verb: Verb, node: Node, facts: JsonObject = {}): void {
    tx.afterCommit(() => this.#changes.add(1, this.#labels[verb]));
    if (this.#definition.quiet === true) return;
    this.#core.events.publish(tx, { topic: `/snapshots/${verb}`, data: { ...node, ...facts } });
  }

  /** One that was read; `metadata.damaged` where its data can't be what the type has put. */
  *#scan(tx: ReadTransaction, prefix: string, after: string | undefined): Iterable<readonly [key: string, snapshot: Snapshot<D>]> {
    const behind = after === undefined ? undefined : `${this.type}/${after}`;
    for (const [name, record] of readRecords(tx, `${this.type}/${prefix}`, behind)) {
      const key = name.slice(this.type.length + 1);
      yield [key, this.#stored(tx.namespace, key, record)];
    }
  }

  #stored(namespace: string, key: string, record: SnapshotRecord): Snapshot<D> {
    const { isData, store } = this.#definition;
    if (isData?.(record.data) === false) throw damagedSnapshot(store, namespace, { type: this.type, key });
    return this.#snapshot(namespace, key, record);
  }

  /** The type's own data comes back as the type has put it. */
  #snapshot(namespace: string, key: string, record: SnapshotRecord): Snapshot<D> {
    return toSnapshot(namespace, { type: this.type, key }, record) as Snapshot<D>;
  }

  #now(): string {
    return new Date(this.#core.clock.now()).toISOString();
  }
}
