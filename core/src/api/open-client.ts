import { type Clock, systemClock } from '../context/index.ts';
import type { Node } from '../gc/gc.ts';
import type { AttachmentId } from '../network/index.ts';
import { CHECK_STORE, metadataErrors } from '../metadata/errors.ts';
import type { DamagedRecord, ListedPage } from './list-query.ts';
import type { Client, Listings, PageSelection } from './client.ts';
import { type Call, exchange, exchangeLines, type Peer } from './exchange.ts';
import { exchangeWhileAnswering } from './while-answering.ts';

/** Which agent a client talks to. */
export interface ClientOptions {
  readonly socket: string;
  /** What `api.no_answer` is measured by; the system's unless told. */
  readonly clock?: Clock;
  /**
   * Of leases, snapshots, claims, attachments, and of what is told of events and collections. Unless told `default`, and all of
   * what is told.
   */
  readonly namespace?: string;
}

/** What only reads is answered from memory. */
const READ_MS = 10_000;
/** The agent's own deadline for any other call, and a little for the way. */
const CHANGE_MS = 35_000;
/** Calls that wait for a kernel, a cloud or a disk: the deadlines of their routes, and a little for the way. */
const DETACH_MS = 125_000;
const COLLECT_MS = 305_000;
const BACKUP_MS = 605_000;
/** What the agent gives in one answer at most. */
const LARGEST_PAGE = 5_000;
const RELOAD_MS = 305_000;

/** How the parts of a client ask. */
interface Calls {
  call<T>(method: Call['method'], path: string, signal: AbortSignal, more?: Partial<Call>): Promise<T>;
  /** A path with the client's namespace in its query, and what else is asked. */
  scoped(path: string, more?: Query): string;
  /** `scope`: what stands in the query of each page; the client's namespace unless told. */
  listings<T>(path: string, scope?: Query): Listings<T>;
}

function callsTo(peer: Peer, scope: Query): Calls {
  // The agent is of the same version as its command line, or says so in `version`; its answers are its contracts.
  const call = async <T>(method: Call['method'], path: string, signal: AbortSignal, more: Partial<Call> = {}): Promise<T> => {
    const asked = { method, path, signal, patienceMs: method === 'GET' ? READ_MS : CHANGE_MS, ...more };
    return (await (asked.patienceMs > CHANGE_MS ? exchangeWhileAnswering(peer, asked, READ_MS) : exchange(peer, asked))) as T;
  };
  const listings = <T>(path: string, inScope: Query = scope): Listings<T> => {
    const page = (signal: AbortSignal, { filters = [], ...selection }: PageSelection = {}) =>
      call<ListedPage<T>>('GET', `${path}${queryText({ ...inScope, filter: filters, ...selection })}`, signal);
    return {
      page,
      list: (signal, selection, onDamaged) => allPages((after) => page(signal, { limit: LARGEST_PAGE, ...selection, ...after }), onDamaged),
    };
  };
  return { call, scoped: (path, more = {}) => `${path}${queryText({ ...scope, ...more })}`, listings };
}

/** A client of the agent at a socket. Connects with each call, so that opening one never fails. */
export function openClient({ socket, clock = systemClock, namespace }: ClientOptions): Client {
  const peer = { socket, clock };
  const calls = callsTo(peer, { namespace });
  const { call, scoped, listings } = calls;
  const get =
    <T>(path: string) =>
    (signal: AbortSignal): Promise<T> =>
      call<T>('GET', path, signal);
  return {
    version: get('/v1/version'),
    plugins: get('/v1/plugins'),
    setLogLevel: (uri, level, signal) => call('PATCH', `/v1/plugins/${encodeURIComponent(uri)}/log`, signal, { body: { level } }),
    config: { reload: (options, signal) => call('POST', '/v1/config/reload', signal, { body: options, patienceMs: RELOAD_MS }) },
    namespaces: namespaceCalls(calls),
    leases: leaseCalls(calls),
    snapshots: {
      ...listings('/v1/snapshots'),
      usage: (snapshot, signal) => call('GET', scoped(`/v1/snapshots/${nodePath(snapshot)}/usage`), signal),
    },
    claims: listings('/v1/claims'),
    attachments: {
      ...listings('/v1/attachments'),
      get: (id, signal) => call('GET', scoped(attachmentPath(id)), signal),
      check: (id, signal) => call('POST', scoped(`${attachmentPath(id)}/check`), signal),
      detach: (id, signal) => call('DELETE', scoped(attachmentPath(id)), signal, { patienceMs: DETACH_MS }),
    },
    events: ({ signal, follow, topics: topic = [], filters: filter = [], ...query }) => {
      const path = scoped('/v1/events', { follow: String(follow), ...query, filter, topic });
      return exchangeLines(peer, { method: 'GET', path, signal, patienceMs: READ_MS }) as ReturnType<Client['events']>;
    },
    eventTopics: get('/v1/events/topics'),
    gc: {
      run: ({ dryRun, signal }) => call('POST', scoped('/v1/gc'), signal, { body: { dryRun }, patienceMs: COLLECT_MS }),
      status: get(scoped('/v1/gc')),
      forget: (type, signal) => call('DELETE', `/v1/gc/types/${encodeURIComponent(type)}`, signal),
    },
    db: {
      stats: get('/v1/db'),
      backup: (store, folder, signal) => call('POST', '/v1/db/backup', signal, { body: { store, folder }, patienceMs: BACKUP_MS }),
    },
  };
}

const namespaceCalls = ({ call, listings }: Calls): Client['namespaces'] => ({
  ...listings('/v1/namespaces', {}),
  get: (name, signal) => call('GET', namespacePath(name), signal),
  contents: (name, signal) => call('GET', `${namespacePath(name)}/contents`, signal),
  create: (name, labels, signal) => call('POST', '/v1/namespaces', signal, { body: { name, labels } }),
  update: (name, labels, fields, signal) => call('PATCH', namespacePath(name), signal, { body: { labels, fields } }),
  delete: (name, signal) => call('DELETE', namespacePath(name), signal),
});

const leaseCalls = ({ call, scoped, listings }: Calls): Client['leases'] => ({
  ...listings('/v1/leases'),
  get: (id, signal) => call('GET', scoped(leasePath(id)), signal),
  create: (options, signal) => call('POST', scoped('/v1/leases'), signal, { body: options }),
  renew: (id, expiresInMs, signal) => call('PATCH', scoped(leasePath(id)), signal, { body: { expiresInMs } }),
  update: (id, labels, fields, signal) => call('PATCH', scoped(leasePath(id)), signal, { body: { labels, fields } }),
  delete: (id, signal, { sync = false } = {}) =>
    sync
      ? call('DELETE', scoped(leasePath(id), { sync: 'true' }), signal, { patienceMs: COLLECT_MS })
      : call('DELETE', scoped(leasePath(id)), signal),
  addResource: (id, resource, signal) => call('POST', scoped(`${leasePath(id)}/resources`), signal, { body: resource }),
  removeResource: (id, resource, signal) => call('DELETE', scoped(`${leasePath(id)}/resources/${nodePath(resource)}`), signal),
});

async function allPages<T>(
  page: (after: { readonly after?: string }) => Promise<ListedPage<T>>,
  onDamaged: (record: DamagedRecord) => void = refuse,
): Promise<readonly T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ;) {
    const { items: more, next, damaged = [] } = await page(after === undefined ? {} : { after });
    items.push(...more);
    for (const record of damaged) onDamaged(record);
    if (next === undefined) return items;
    after = next;
  }
}

function refuse({ message, details }: DamagedRecord): void {
  throw metadataErrors.damaged(message, { details, remedy: CHECK_STORE });
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** `?a=1&b=2&b=3`; nothing where there is nothing to ask for. */
function queryText(query: Query): string {
  const text = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of typeof value === 'object' ? value : value === undefined ? [] : [String(value)]) text.append(key, one);
  }
  return text.size === 0 ? '' : `?${text.toString()}`;
}

const leasePath = (id: string): string => `/v1/leases/${encodeURIComponent(id)}`;

const nodePath = ({ type, key }: Node): string => `${encodeURIComponent(type)}/${encodeURIComponent(key)}`;

const namespacePath = (name: string): string => `/v1/namespaces/${encodeURIComponent(name)}`;

const attachmentPath = ({ containerId, ifname }: AttachmentId): string =>
  `/v1/attachments/${encodeURIComponent(containerId)}/${encodeURIComponent(ifname)}`;
