import { expect } from 'vitest';
import { Claims } from '../claims/claims.ts';
import { defineErrors } from '../errors/index.ts';
import { type Envelope, Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { type Lease, Leases } from '../leases/leases.ts';
import { Namespaces } from '../metadata/namespaces.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { DEFAULT_NAMESPACE, Metadata, type Transaction } from '../metadata/store.ts';
import { type AttachmentRecord, Attachments } from '../network/index.ts';
import type { TestCore } from '../testing/core.ts';

const errors = defineErrors('leases', {
  alreadyExists: { kind: 'AlreadyExists', remedy: 'Choose another id.' },
});

/** Leases in a map; transactions are what they are called with. */
export function fakeLeases(): Leases {
  const leases = new Map<string, Lease>();
  const at = (id: string): Lease | undefined => leases.get(id);
  const put = (lease: Lease): Lease => {
    leases.set(lease.id, lease);
    return lease;
  };
  return {
    create: (tx, { id = 'made', labels = {}, expiresInMs } = {}) => {
      if (at(id) !== undefined) throw errors.alreadyExists(`there is a lease ${id}`, { details: { lease: id } });
      const expiry = expiresInMs === undefined ? {} : { expiresAt: new Date(expiresInMs).toISOString() };
      return put({ id, store: tx.store, namespace: 'default', labels, createdAt: new Date(0).toISOString(), resources: [], ...expiry });
    },
    renew: (_tx, id, ms) => put({ ...(at(id) ?? expect.fail('no lease')), expiresAt: new Date(ms).toISOString() }),
    delete: (_tx, id) => void leases.delete(id),
    update: (_tx, id, { labels }) => put({ ...(at(id) ?? expect.fail('no lease')), labels }),
    deleteAndCollect: async (id) => void leases.delete(id),
    addResource: () => undefined,
    underLease: () => undefined,
    resources: () => [],
    removeResource: () => undefined,
    get: (tx, id) => (at(id)?.store === tx.store ? at(id) : undefined),
    list: (tx) => [...leases.values()].filter((lease) => lease.store === tx.store),
    page: (tx) => ({ items: [...leases.values()].filter((lease) => lease.store === tx.store) }),
  };
}

const transaction = (store: 'root' | 'state'): Transaction => ({
  store,
  namespace: DEFAULT_NAMESPACE,
  begun: 0,
  in: () => transaction(store),
  get: () => undefined,
  has: () => false,
  entries: () => [],
  keys: () => [],
  namespaces: () => [DEFAULT_NAMESPACE],
  collections: () => [],
  put: () => undefined,
  delete: () => false,
  attempt: (part) => part(),
  whole: {},
  beforeCommit: () => undefined,
  afterCommit: () => undefined,
  refuseWhenFull: () => undefined,
});

const stats = { path: '/x', schemaVersion: 1, sizeBytes: 1, entries: 0 };
export const metadata: Metadata = {
  read: (store, fn) => fn(transaction(store)),
  write: async (store, fn) => fn(transaction(store)),
  view: (store) => ({ ...transaction(store), [Symbol.dispose]: () => undefined }),
  onCommit: () => ({ [Symbol.dispose]: () => undefined }),
  stats: () => ({ root: stats, state: stats }),
  backup: async () => undefined,
};

const envelope = (number: number): Envelope => ({
  cursor: String(number).padStart(4, '0'),
  timestamp: new Date(number * 60_000).toISOString(),
  namespace: 'default',
  topic: '/leases/created',
  type: 'leases.created',
  data: { number },
});

/** A journal of ten minutes, an event each; live events go on until the signal aborts. */
export const events: Events = {
  publish: () => undefined,
  async *subscribe({ signal, follow = true, from = follow ? '0010' : 'start' }) {
    yield* this.history({ from });
    if (!follow) return;
    for (let number = 11; !signal.aborted; number++) {
      yield envelope(number);
      await new Promise(setImmediate);
    }
  },
  history: ({ from = 'start' } = {}) =>
    Array.from({ length: 10 }, (_, index) => envelope(index + 1)).filter(({ cursor }) => from === 'start' || cursor > from),
  cursorAt: async (time) => {
    const number = Math.min(10, Math.ceil(time / 60_000) - 1);
    return number < 1 ? 'start' : envelope(number).cursor;
  },
  topics: () => [],
};

/** An attachment that is there. */
export const attachedRecord = (containerId: string, mode = 'bridge'): AttachmentRecord => ({
  containerId,
  ifname: 'eth0',
  id: containerId,
  network: 'n',
  mode,
  netns: '/x',
  settings: {},
  claims: [],
  state: 'attached',
  createdAt: '',
});

export const hanging: Attachments = {
  attach: () => new Promise(() => undefined),
  detach: () => new Promise(() => undefined),
  check: () => new Promise(() => undefined),
  reap: async () => [],
  ready: () => undefined,
  list: () => [],
  get: ({ containerId, ifname }) => (containerId === 'c1' ? { ...attachedRecord(containerId), ifname, id: 'x' } : undefined),
};

/** A core's services by their ids, beside attachments that hang but for what is told. */
export const servicesOf = (
  core: TestCore,
  attachments: Partial<Attachments>,
  metadata: Metadata = core.metadata,
): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    [Metadata.id, metadata],
    [Namespaces.id, core.namespaces],
    [Leases.id, core.leases],
    [Snapshots.id, core.snapshots],
    [Claims.id, core.claims],
    [Gc.id, core.gc],
    [Events.id, core.events],
    [Attachments.id, { ...hanging, ...attachments }],
  ]);
