import { type Context, steadyTime } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import type { Gc, Node } from '../gc/gc.ts';
import { nodeName } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import { checkIdentifier } from '../metadata/identifiers.ts';
import { applyUpdate, type Updatable } from '../metadata/field-paths.ts';
import { changeLabels, type Labels, newLabels } from '../metadata/labels.ts';
import { type ListOptions, type Page, readPage } from '../metadata/listing.ts';
import { timeText } from '../metadata/rfc3339.ts';
import type { Metadata, ReadTransaction, Transaction } from '../metadata/store.ts';
import { type Counter, type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { collectAll } from './collect-all.ts';
import { leaseErrors } from './errors.ts';
import { EXPIRE_LABEL, shownLabels, type Terms, toTerms } from './expiry.ts';
import {
  deleteLease,
  hasLease,
  hasLeftovers,
  isUnderLease,
  type LeaseRecord,
  linkResource,
  readLease,
  readLeaseRecord,
  readLeases,
  resourcesOf,
  toLease,
  unlinkLeftovers,
  unlinkResource,
  writeLease,
} from './lease-records.ts';
import { leaseListing } from './lease-listing.ts';
import { leaseChanges } from './observed.ts';
import type { Lease, LeaseChanges, LeaseOptions, Leases, LeaseScope } from './leases.ts';

export interface LeaseDependencies {
  readonly context: Pick<Context, 'clock' | 'random'>;
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  readonly events: Pick<Events, 'publish'>;
  readonly gc: Pick<Gc, 'trigger' | 'wakeAt' | 'collect' | 'storeOf'>;
  readonly metrics?: Metrics;
}

const CREATED = { change: 'created' };
const RENEWED = { change: 'renewed' };
const UPDATED = { change: 'updated' };
const DELETED = { change: 'deleted' };

/** The leases of both stores. */
export class LeaseStore implements Leases {
  readonly #core: Omit<LeaseDependencies, 'metrics'>;
  readonly #changes: Counter;
  /** A lease that is there, as that transaction knows. */
  #met: { readonly tx: ReadTransaction; readonly id: string } | undefined;

  constructor({ metrics = silentMetrics, ...core }: LeaseDependencies) {
    this.#core = core;
    this.#changes = leaseChanges(metrics);
  }

  create(tx: Transaction, options: LeaseOptions = {}): Lease {
    tx.refuseWhenFull();
    const { clock, random } = this.#core.context;
    const id = options.id ?? random.id();
    if (options.id !== undefined) checkIdentifier(id, 'a lease', leaseErrors.invalidId);
    if (hasLease(tx, id)) throw leaseErrors.alreadyExists(`a lease ${id} exists already`, { details: { id } });
    // It is not to protect what another one of that id did.
    while (options.id !== undefined && hasLeftovers(tx, id)) unlinkLeftovers(tx, id);
    const now = clock.now();
    const record: LeaseRecord = { createdAt: new Date(now).toISOString(), ...this.#terms(tx, now, options) };
    writeLease(tx, id, record);
    this.#met = { tx, id };
    const { labels, expiresAt } = record;
    this.#publish(tx, 'created', id, { labels, ...(expiresAt === undefined ? {} : { expiresAt }) });
    this.#count(tx, CREATED);
    return { id, store: tx.store, namespace: tx.namespace, ...record, labels: shownLabels(record), resources: [] };
  }

  renew(tx: Transaction, id: string, expiresInMs: number): Lease {
    const former = this.#existing(tx, id);
    const expiresAt = this.#expiry(tx, this.#core.context.clock.now(), expiresInMs);
    const { [EXPIRE_LABEL]: _unreadable, ...labels } = former.labels;
    const record = { labels, createdAt: former.createdAt, expiresAt };
    writeLease(tx, id, record, former);
    this.#publish(tx, 'renewed', id, { expiresAt });
    this.#count(tx, RENEWED);
    return toLease(tx, id, record);
  }

  update(tx: Transaction, id: string, changes: LeaseChanges): Lease {
    const former = this.#existing(tx, id);
    const terms = toTerms(changedLabels(shownLabels(former), changes));
    const record = { createdAt: former.createdAt, ...terms };
    writeLease(tx, id, record, former);
    if (terms.expiresAt !== undefined) this.#core.gc.wakeAt(tx, Date.parse(terms.expiresAt));
    this.#publish(tx, 'updated', id, { ...terms });
    this.#count(tx, UPDATED);
    return toLease(tx, id, record);
  }

  delete(tx: Transaction, id: string, { resourcesLiveOn = false }: { readonly resourcesLiveOn?: boolean } = {}): void {
    const resources = this.#delete(tx, id);
    if (resources.length > 0 && !resourcesLiveOn) this.#core.gc.trigger(tx, resources);
  }

  async deleteAndCollect(id: string, { store, namespace, signal }: LeaseScope): Promise<void> {
    const { metadata, gc } = this.#core;
    signal.throwIfAborted();
    const scope = namespace === undefined ? {} : { namespace };
    const resources = [...(await metadata.write(store, (tx) => this.#delete(tx, id), scope))];
    while (!signal.aborted && metadata.read(store, (tx) => hasLeftovers(tx, id), scope))
      resources.push(...(await metadata.write(store, (tx) => unlinkLeftovers(tx, id), scope)));
    await collectAll(gc, id, resources, { ...scope, signal });
  }

  addResource(tx: Transaction, id: string, resource: Node): void {
    this.#assertThere(tx, id);
    this.#assertInStore(tx, id, resource);
    if (isUnderLease(tx, id, resource)) return;
    linkResource(tx, id, resource);
    this.#publish(tx, 'resource-added', id, { resource: { ...resource } });
  }

  removeResource(tx: Transaction, id: string, resource: Node): void {
    this.#assertThere(tx, id);
    if (!unlinkResource(tx, id, resource)) return;
    this.#publish(tx, 'resource-removed', id, { resource: { ...resource } });
    this.#core.gc.trigger(tx, [resource]);
  }

  underLease(tx: Transaction, resource: Node, id: string | undefined = tx.lease): void {
    if (id === undefined) return;
    this.#assertThere(tx, id);
    linkResource(tx, id, resource);
  }

  get(tx: ReadTransaction, id: string): Lease | undefined {
    return readLease(tx, id);
  }

  resources(tx: ReadTransaction, id: string, { after, limit }: { readonly after?: string; readonly limit?: number } = {}): readonly Node[] {
    this.#assertThere(tx, id);
    return resourcesOf(tx, id, after, limit);
  }

  list(tx: ReadTransaction): Iterable<Lease> {
    return readLeases(tx);
  }

  page(tx: ReadTransaction, options?: ListOptions): Page<Lease> {
    return readPage(leaseListing(tx), options);
  }

  #delete(tx: Transaction, id: string): readonly Node[] {
    this.#met = undefined;
    const resources = deleteLease(tx, id);
    if (resources === undefined) throw leaseErrors.notFound(`there is no lease ${id}`, { details: { id } });
    // Also where its deletion tells of nothing to look for, or nobody takes the rest away.
    if (hasLeftovers(tx, id)) this.#core.gc.wakeAt(tx, this.#core.context.clock.now());
    this.#publish(tx, 'deleted', id, { reason: 'deleted' });
    this.#count(tx, DELETED);
    return resources;
  }

  /** A lease is asked about once a transaction, however much is put under it: an ADD puts everything under the one it has just made. */
  #assertThere(tx: ReadTransaction, id: string): void {
    if (this.#met?.tx === tx && this.#met.id === id) return;
    this.#assertStored(tx, id);
    this.#met = { tx, id };
  }

  #assertInStore({ store }: Transaction, id: string, resource: Node): void {
    const other = this.#core.gc.storeOf(resource.type);
    if (other === undefined || other === store) return;
    throw leaseErrors.wrongStore(
      `${nodeName(resource)} is in the ${other} store: the lease ${id} of the ${store} store would not protect it`,
      {
        details: { id, store, resource: { ...resource } },
      },
    );
  }

  #assertStored(tx: ReadTransaction, id: string): void {
    if (!hasLease(tx, id)) throw leaseErrors.notFound(`there is no lease ${id}`, { details: { id } });
  }

  #existing(tx: ReadTransaction, id: string): LeaseRecord {
    const record = readLeaseRecord(tx, id);
    if (record === undefined) throw leaseErrors.notFound(`there is no lease ${id}`, { details: { id } });
    return record;
  }

  #terms(tx: Transaction, now: number, { labels = {}, expiresInMs }: LeaseOptions): Terms {
    const checked = newLabels(labels, leaseErrors.invalidLabels);
    if (expiresInMs === undefined) {
      const terms = toTerms(checked);
      if (terms.expiresAt !== undefined) this.#core.gc.wakeAt(tx, Date.parse(terms.expiresAt));
      return terms;
    }
    if (checked[EXPIRE_LABEL] !== undefined) throw leaseErrors.invalidExpiry('the expiry is told twice, as a duration and as a label');
    return { labels: checked, expiresAt: this.#expiry(tx, now, expiresInMs) };
  }

  #expiry(tx: Transaction, now: number, expiresInMs: number): string {
    if (!(expiresInMs > 0) || expiresInMs > Number.MAX_SAFE_INTEGER)
      throw leaseErrors.invalidExpiry(`a lease can't expire in ${expiresInMs} ms`);
    const expiresAt = timeText(steadyTime(this.#core.context.clock).after(expiresInMs, now));
    this.#core.gc.wakeAt(tx, Date.parse(expiresAt));
    return expiresAt;
  }

  /** What is aborted has not changed anything. */
  #count(tx: Transaction, change: { readonly change: string }): void {
    tx.afterCommit(() => this.#changes.add(1, change));
  }

  #publish(tx: Transaction, verb: string, id: string, facts: JsonObject): void {
    this.#core.events.publish(tx, { topic: `/leases/${verb}`, data: { id, store: tx.store, ...facts } });
  }
}

const UPDATABLE: Updatable<{ readonly labels: Labels }> = {
  what: 'a lease',
  mutable: ['labels'],
  immutable: ['id', 'store', 'namespace', 'createdAt', 'expiresAt', 'resources'],
  invalidLabels: leaseErrors.invalidLabels,
};

const changedLabels = (former: Labels, { labels, fields }: LeaseChanges): Labels =>
  fields === undefined
    ? changeLabels(former, labels, leaseErrors.invalidLabels)
    : applyUpdate({ labels: former }, { labels }, fields, UPDATABLE).labels;
