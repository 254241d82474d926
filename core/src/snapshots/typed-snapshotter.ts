import type { Clock } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import type { Gc, Node } from '../gc/gc.ts';
import { nodeName, parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import type { Leases } from '../leases/leases.ts';
import type { PrepareOptions, Snapshot, SnapshotChanges, Snapshotter, SnapshotType } from '../metadata/snapshots.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import { snapshotErrors } from './errors.ts';
import { changeLabels, EXPIRE_LABEL, expiryOf, type Labels, ROOT_LABEL } from './labels.ts';
import {
  deleteRecord,
  hasRecord,
  linkParent,
  readChildren,
  readRecord,
  readRecords,
  type SnapshotRecord,
  toSnapshot,
  writeRecord,
} from './snapshot-records.ts';

export interface SnapshotterDependencies {
  readonly clock: Pick<Clock, 'now'>;
  readonly events: Pick<Events, 'publish'>;
  readonly leases: Pick<Leases, 'underLease'>;
  readonly gc: Pick<Gc, 'isCondemned' | 'trigger' | 'wakeAt'>;
}

/** The snapshots of one type. Its data is what this type's own calls have put. */
export class TypedSnapshotter<D extends JsonObject> implements Snapshotter<D> {
  readonly type: string;
  readonly #definition: SnapshotType<D>;
  readonly #core: SnapshotterDependencies;

  constructor(definition: SnapshotType<D>, core: SnapshotterDependencies) {
    this.type = definition.type;
    this.#definition = definition;
    this.#core = core;
  }

  prepare(tx: Transaction, key: string, { data, parents = [], labels = {}, lease, committed = false }: PrepareOptions<D>): Snapshot<D> {
    const node = this.#node(tx, key);
    if (hasRecord(tx, node)) throw snapshotErrors.alreadyExists(`${nodeName(node)} exists already`, { details: { ...node } });
    for (const parent of parents) this.#checkParent(tx, parent);
    const createdAt = this.#now();
    const record: SnapshotRecord<D> = {
      kind: committed ? 'committed' : 'active',
      parents: [...new Set(parents)],
      labels: changeLabels({}, labels),
      createdAt,
      updatedAt: createdAt,
      data,
    };
    writeRecord(tx, node, record);
    for (const parent of record.parents) linkParent(tx, parent, node);
    this.#core.leases.underLease(tx, node);
    if (lease !== undefined && lease !== tx.lease) this.#core.leases.underLease(tx, node, lease);
    this.#wake(tx, node, {}, record.labels);
    this.#publish(tx, committed ? 'committed' : 'prepared', node, { parents: record.parents });
    return this.#snapshot(tx.namespace, key, record);
  }

  commit(tx: Transaction, key: string, changes: SnapshotChanges<D> = {}): Snapshot<D> {
    const record = this.#changeable(tx, key);
    if (record.kind === 'committed') throw snapshotErrors.failedPrecondition(`${this.type}/${key} is committed already`);
    return this.#change(tx, key, { ...record, kind: 'committed' }, changes, 'committed');
  }

  update(tx: Transaction, key: string, changes: SnapshotChanges<D>): Snapshot<D> {
    return this.#change(tx, key, this.#changeable(tx, key), changes, 'updated');
  }

  get(tx: ReadTransaction, key: string): Snapshot<D> | undefined {
    const record = readRecord(tx, this.#node(tx, key));
    return record === undefined ? undefined : this.#snapshot(tx.namespace, key, record);
  }

  *walk(tx: ReadTransaction, { prefix = '', after }: { readonly prefix?: string; readonly after?: string } = {}): Iterable<Snapshot<D>> {
    const behind = after === undefined ? undefined : `${this.type}/${after}`;
    for (const [name, record] of readRecords(tx, `${this.type}/${prefix}`, behind))
      yield this.#snapshot(tx.namespace, name.slice(this.type.length + 1), record);
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
    this.#publish(tx, 'removed', node);
    this.#definition.removed?.(tx, this.#snapshot(tx.namespace, key, record));
  }

  #change(tx: Transaction, key: string, former: SnapshotRecord, changes: SnapshotChanges<D>, verb: string): Snapshot<D> {
    const node = this.#node(tx, key);
    const labels = changeLabels(former.labels, changes.labels ?? {});
    const record = { ...former, labels, data: changes.data ?? former.data, updatedAt: this.#now() };
    writeRecord(tx, node, record);
    this.#wake(tx, node, former.labels, labels);
    this.#publish(tx, verb, node);
    return this.#snapshot(tx.namespace, key, record);
  }

  /** Tells garbage collection what a change of labels may set free, and when. */
  #wake(tx: Transaction, node: Node, before: Labels, after: Labels): void {
    const expiry = expiryOf(after);
    if (expiry !== undefined && before[EXPIRE_LABEL] !== after[EXPIRE_LABEL]) this.#core.gc.wakeAt(tx, expiry);
    const lost = [ROOT_LABEL, EXPIRE_LABEL].some((label) => before[label] !== undefined && after[label] === undefined);
    if (lost) this.#core.gc.trigger(tx, [node]);
  }

  #changeable(tx: Transaction, key: string): SnapshotRecord {
    const node = this.#node(tx, key);
    const record = readRecord(tx, node);
    if (record === undefined) throw snapshotErrors.notFound(`there is no ${nodeName(node)}`, { details: { ...node } });
    if (this.#core.gc.isCondemned(tx, node))
      throw snapshotErrors.failedPrecondition(`${nodeName(node)} is being removed`, { details: { ...node } });
    return record;
  }

  #checkParent(tx: Transaction, name: string): void {
    const parent = parseNode(name);
    const record = parent && readRecord(tx, parent);
    if (parent === undefined || record === undefined)
      throw snapshotErrors.notFound(`there is no parent ${name}`, { details: { parent: name } });
    if (record.kind !== 'committed') throw snapshotErrors.invalidParent(`parent ${name} is not committed`, { details: { parent: name } });
    if (this.#core.gc.isCondemned(tx, parent))
      throw snapshotErrors.invalidParent(`parent ${name} is being removed`, { details: { parent: name } });
  }

  #node(tx: ReadTransaction, key: string): Node {
    if (tx.store !== this.#definition.store)
      throw snapshotErrors.invalidType(`snapshots of type ${this.type} are in the ${this.#definition.store} store`);
    return { type: this.type, key };
  }

  #publish(tx: Transaction, verb: string, node: Node, facts: JsonObject = {}): void {
    if (this.#definition.quiet === true) return;
    this.#core.events.publish(tx, { topic: `/snapshots/${verb}`, data: { ...node, ...facts } });
  }

  /** The type's own data comes back as the type has put it. */
  #snapshot(namespace: string, key: string, record: SnapshotRecord): Snapshot<D> {
    return toSnapshot(namespace, { type: this.type, key }, record) as Snapshot<D>;
  }

  #now(): string {
    return new Date(this.#core.clock.now()).toISOString();
  }
}
