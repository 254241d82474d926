import { type Clock, systemClock } from '../context/index.ts';
import type { Node } from '../gc/gc.ts';
import type { AttachmentId } from '../network/index.ts';
import type { Page } from '../metadata/listing.ts';
import type { Client, Listings, PageSelection } from './client.ts';
import { type Call, exchange, exchangeLines } from './exchange.ts';

/** Which agent a client talks to. */
export interface ClientOptions {
  readonly socket: string;
  /** What `api.no_answer` is measured by; the system's unless told. */
  readonly clock?: Clock;
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

/** A client of the agent at a socket. Connects with each call, so that opening one never fails. */
export function openClient({ socket, clock = systemClock }: ClientOptions): Client {
  const peer = { socket, clock };
  // The agent is of the same version as its command line, or says so in `version`; its answers are its contracts.
  const call = async <T>(method: Call['method'], path: string, signal: AbortSignal, more: Partial<Call> = {}): Promise<T> =>
    (await exchange(peer, { method, path, signal, patienceMs: method === 'GET' ? READ_MS : CHANGE_MS, ...more })) as T;
  const get =
    <T>(path: string) =>
    (signal: AbortSignal): Promise<T> =>
      call<T>('GET', path, signal);
  const listings = <T>(path: string): Listings<T> => {
    const page = (signal: AbortSignal, selection: PageSelection = {}) => call<Page<T>>('GET', `${path}${queryOf(selection)}`, signal);
    return { page, list: (signal, selection) => allPages((after) => page(signal, { limit: LARGEST_PAGE, ...selection, ...after })) };
  };
  const lease = (id: string) => `/v1/leases/${encodeURIComponent(id)}`;
  return {
    version: get('/v1/version'),
    plugins: get('/v1/plugins'),
    setLogLevel: (uri, level, signal) => call('PATCH', `/v1/plugins/${encodeURIComponent(uri)}/log`, signal, { body: { level } }),
    config: { reload: (options, signal) => call('POST', '/v1/config/reload', signal, { body: options, patienceMs: RELOAD_MS }) },
    leases: {
      ...listings('/v1/leases'),
      get: (id, signal) => call('GET', lease(id), signal),
      create: (options, signal) => call('POST', '/v1/leases', signal, { body: options }),
      renew: (id, expiresInMs, signal) => call('PATCH', lease(id), signal, { body: { expiresInMs } }),
      update: (id, labels, fields, signal) => call('PATCH', lease(id), signal, { body: { labels, fields } }),
      delete: (id, signal, { sync = false } = {}) =>
        sync ? call('DELETE', `${lease(id)}?sync=true`, signal, { patienceMs: COLLECT_MS }) : call('DELETE', lease(id), signal),
      addResource: (id, resource, signal) => call('POST', `${lease(id)}/resources`, signal, { body: resource }),
      removeResource: (id, resource, signal) => call('DELETE', `${lease(id)}/resources/${nodePath(resource)}`, signal),
    },
    snapshots: {
      ...listings('/v1/snapshots'),
      usage: (snapshot, signal) => call('GET', `/v1/snapshots/${nodePath(snapshot)}/usage`, signal),
    },
    claims: listings('/v1/claims'),
    attachments: {
      ...listings('/v1/attachments'),
      get: (id, signal) => call('GET', attachmentPath(id), signal),
      check: (id, signal) => call('POST', `${attachmentPath(id)}/check`, signal),
      detach: (id, signal) => call('DELETE', attachmentPath(id), signal, { patienceMs: DETACH_MS }),
    },
    events: ({ signal, ...query }) =>
      exchangeLines(peer, { method: 'GET', path: eventsPath(query), signal, patienceMs: READ_MS }) as ReturnType<Client['events']>,
    eventTopics: get('/v1/events/topics'),
    gc: {
      run: ({ dryRun, signal }) => call('POST', '/v1/gc', signal, { body: { dryRun }, patienceMs: COLLECT_MS }),
      status: get('/v1/gc'),
      forget: (type, signal) => call('DELETE', `/v1/gc/types/${encodeURIComponent(type)}`, signal),
    },
    db: {
      stats: get('/v1/db'),
      backup: (store, folder, signal) => call('POST', '/v1/db/backup', signal, { body: { store, folder }, patienceMs: BACKUP_MS }),
    },
  };
}

async function allPages<T>(page: (after: { readonly after?: string }) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  for (let after: string | undefined; ;) {
    const { items: more, next } = await page(after === undefined ? {} : { after });
    items.push(...more);
    if (next === undefined) return items;
    after = next;
  }
}

function queryOf({ filters = [], after, limit }: PageSelection): string {
  const query = new URLSearchParams();
  for (const filter of filters) query.append('filter', filter);
  if (after !== undefined) query.set('after', after);
  if (limit !== undefined) query.set('limit', String(limit));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

const nodePath = ({ type, key }: Node): string => `${encodeURIComponent(type)}/${encodeURIComponent(key)}`;

const attachmentPath = ({ containerId, ifname }: AttachmentId): string =>
  `/v1/attachments/${encodeURIComponent(containerId)}/${encodeURIComponent(ifname)}`;

function eventsPath({ follow, from, topics = [], filters = [], policy }: Omit<Parameters<Client['events']>[0], 'signal'>): string {
  const query = new URLSearchParams({ follow: String(follow) });
  if (from !== undefined) query.set('from', from);
  if (policy !== undefined) query.set('policy', policy);
  for (const filter of filters) query.append('filter', filter);
  for (const topic of topics) query.append('topic', topic);
  return `/v1/events?${query.toString()}`;
}
