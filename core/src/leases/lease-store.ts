import type { Context } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import type { Gc, Node } from '../gc/gc.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import { leaseErrors } from './errors.ts';
import { deleteLease, hasLease, linkResource, readLease, readLeases, unlinkResource, writeLease } from './lease-records.ts';
import type { Lease, LeaseOptions, Leases } from './leases.ts';

export interface LeaseDependencies {
  readonly context: Pick<Context, 'clock' | 'random'>;
  readonly events: Pick<Events, 'publish'>;
  readonly gc: Pick<Gc, 'trigger' | 'wakeAt'>;
}

const ID = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const MAX_ID_LENGTH = 76;
const MAX_LABEL_BYTES = 4096;

/** The leases of both stores. */
export class LeaseStore implements Leases {
  readonly #context: LeaseDependencies['context'];
  readonly #events: LeaseDependencies['events'];
  readonly #gc: LeaseDependencies['gc'];

  constructor({ context, events, gc }: LeaseDependencies) {
    this.#context = context;
    this.#events = events;
    this.#gc = gc;
  }

  create(tx: Transaction, options: LeaseOptions = {}): Lease {
    tx.refuseWhenFull();
    const id = options.id ?? this.#context.random.id();
    if (id.length > MAX_ID_LENGTH || !ID.test(id)) throw leaseErrors.invalidId(`'${id.slice(0, 80)}' is no id for a lease`);
    if (hasLease(tx, id)) throw leaseErrors.alreadyExists(`a lease ${id} exists already`, { details: { id } });
    const labels = checkedLabels(options.labels ?? {});
    const now = this.#context.clock.now();
    const expiresAt = options.expiresInMs === undefined ? {} : { expiresAt: this.#expiry(tx, now, options.expiresInMs) };
    const record = { labels, createdAt: new Date(now).toISOString(), ...expiresAt };
    writeLease(tx, id, record);
    this.#events.publish(tx, { topic: '/leases/created', data: { id, store: tx.store, labels, ...expiresAt } });
    return { id, store: tx.store, namespace: tx.namespace, ...record, resources: [] };
  }

  renew(tx: Transaction, id: string, expiresInMs: number): Lease {
    const { labels, createdAt } = this.#existing(tx, id);
    const expiresAt = this.#expiry(tx, this.#context.clock.now(), expiresInMs);
    writeLease(tx, id, { labels, createdAt, expiresAt });
    this.#events.publish(tx, { topic: '/leases/renewed', data: { id, store: tx.store, expiresAt } });
    return this.#existing(tx, id);
  }

  delete(tx: Transaction, id: string, { resourcesLiveOn = false }: { readonly resourcesLiveOn?: boolean } = {}): void {
    const lease = this.#existing(tx, id);
    deleteLease(tx, id);
    this.#events.publish(tx, { topic: '/leases/deleted', data: { id, store: tx.store, reason: 'deleted' } });
    if (lease.resources.length > 0 && !resourcesLiveOn) this.#gc.trigger(tx, lease.resources);
  }

  addResource(tx: Transaction, id: string, resource: Node): void {
    this.#assertThere(tx, id);
    linkResource(tx, id, resource);
  }

  removeResource(tx: Transaction, id: string, resource: Node): void {
    this.#assertThere(tx, id);
    if (unlinkResource(tx, id, resource)) this.#gc.trigger(tx, [resource]);
  }

  get(tx: ReadTransaction, id: string): Lease | undefined {
    return readLease(tx, id);
  }

  list(tx: ReadTransaction): Iterable<Lease> {
    return readLeases(tx);
  }

  #assertThere(tx: ReadTransaction, id: string): void {
    if (!hasLease(tx, id)) throw leaseErrors.notFound(`there is no lease ${id}`, { details: { id } });
  }

  #existing(tx: ReadTransaction, id: string): Lease {
    const lease = readLease(tx, id);
    if (lease === undefined) throw leaseErrors.notFound(`there is no lease ${id}`, { details: { id } });
    return lease;
  }

  #expiry(tx: Transaction, now: number, expiresInMs: number): string {
    if (!(expiresInMs > 0) || expiresInMs > Number.MAX_SAFE_INTEGER)
      throw leaseErrors.invalidExpiry(`a lease can't expire in ${expiresInMs} ms`);
    const at = Math.min(now + expiresInMs, MAX_TIME);
    this.#gc.wakeAt(tx, at);
    return new Date(at).toISOString();
  }
}

/** The end of year 9999: the last that RFC 3339 can write. */
const MAX_TIME = Date.UTC(9999, 11, 31);

function checkedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(labels)) {
    if (key === '' || Buffer.byteLength(key) + Buffer.byteLength(value) > MAX_LABEL_BYTES) {
      throw leaseErrors.invalidLabels(`label '${key.slice(0, 80)}' is empty or too long`);
    }
  }
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
