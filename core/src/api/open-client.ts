import type { AttachmentId } from '../network/index.ts';
import type { Client } from './client.ts';
import { type Call, exchange, exchangeLines } from './exchange.ts';

/** A client of the agent at a socket. Connects with each call, so that opening one never fails. */
export function openClient({ socket }: { readonly socket: string }): Client {
  // The agent is of the same version as its command line, or says so in `version`; its answers are its contracts.
  const call = async <T>(method: Call['method'], path: string, signal: AbortSignal, body?: object): Promise<T> =>
    (await exchange(socket, { method, path, signal, ...(body === undefined ? {} : { body }) })) as T;
  const get = <T>(path: string) => (signal: AbortSignal): Promise<T> => call<T>('GET', path, signal);
  const lease = (id: string) => `/v1/leases/${encodeURIComponent(id)}`;
  return {
    version: get('/v1/version'),
    plugins: get('/v1/plugins'),
    leases: {
      list: get('/v1/leases'),
      get: (id, signal) => call('GET', lease(id), signal),
      create: (options, signal) => call('POST', '/v1/leases', signal, options),
      renew: (id, expiresInMs, signal) => call('PATCH', lease(id), signal, { expiresInMs }),
      delete: (id, signal) => call('DELETE', lease(id), signal),
    },
    snapshots: { list: get('/v1/snapshots') },
    claims: { list: get('/v1/claims') },
    attachments: {
      list: get('/v1/attachments'),
      get: (id, signal) => call('GET', attachmentPath(id), signal),
      check: (id, signal) => call('POST', `${attachmentPath(id)}/check`, signal),
      detach: (id, signal) => call('DELETE', attachmentPath(id), signal),
    },
    events: ({ signal, ...query }) => exchangeLines(socket, { method: 'GET', path: eventsPath(query), signal }) as ReturnType<Client['events']>,
    gc: {
      run: ({ dryRun, signal }) => call('POST', '/v1/gc', signal, { dryRun }),
      status: get('/v1/gc'),
    },
    db: {
      stats: get('/v1/db'),
      backup: (store, folder, signal) => call('POST', '/v1/db/backup', signal, { store, folder }),
    },
  };
}

const attachmentPath = ({ containerId, ifname }: AttachmentId): string =>
  `/v1/attachments/${encodeURIComponent(containerId)}/${encodeURIComponent(ifname)}`;

function eventsPath({ follow, from, topics = [] }: Omit<Parameters<Client['events']>[0], 'signal'>): string {
  const query = new URLSearchParams({ follow: String(follow) });
  if (from !== undefined) query.set('from', from);
  for (const topic of topics) query.append('topic', topic);
  return `/v1/events?${query}`;
}
