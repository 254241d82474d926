import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isErrno, toHawserError } from '../errors/index.ts';
import { parseTcpAddress } from './address.ts';
import { telemetryErrors } from './errors.ts';
import { keepNewest } from './keep-newest.ts';

/** What goes back to who asks. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Path → what is there. */
export type Pages = Readonly<Record<string, (query: URLSearchParams) => Page | Promise<Page>>>;

/** A listening address; disposing it closes every connection. */
export interface Listening extends AsyncDisposable {
  /** With the port that was taken where 0 was asked for. */
  readonly address: string;
}

/** Scrapers and probes are few. */
const MAX_CONNECTIONS = 64;
const REQUEST_MS = 10_000;

/**
 * Serves pages to be read, and nothing else, at a TCP address. There is no authentication: what it serves is for everybody who
 * reaches the address. Throws `telemetry.address_in_use` and `telemetry.listen_failed`.
 */
export async function servePages(address: string, pages: Pages): Promise<Listening> {
  const parsed = parseTcpAddress(address);
  if (parsed === undefined) throw telemetryErrors.listenFailed(`${address} is no address with a port`);
  const { createServer } = process.getBuiltinModule('node:http');
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS, maxHeaderSize: 8192 };
  const server = createServer(limits, (request, response) => void answer(request, response, pages));
  keepNewest(server, MAX_CONNECTIONS);
  await opened(server, address, parsed);
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : parsed.port;
  return {
    address: parsed.host.includes(':') ? `[${parsed.host}]:${port}` : `${parsed.host}:${port}`,
    [Symbol.asyncDispose]: () => closed(server),
  };
}

async function answer({ method, url = '/' }: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  const page = await pageOf(method, url, pages);
  const headers = { 'content-type': page.contentType, 'cache-control': 'no-store', 'content-length': Buffer.byteLength(page.body) };
  response.writeHead(page.status, page.status === 405 ? { ...headers, allow: 'GET, HEAD' } : headers);
  response.end(method === 'HEAD' ? undefined : page.body);
}

async function pageOf(method: string | undefined, url: string, pages: Pages): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD are answered here');
  const [path = '', query = ''] = url.split('?', 2);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return plain(404, `there is ${Object.keys(pages).join(', ')}`);
  try {
    return await page(new URLSearchParams(query));
  } catch (error) {
    return plain(500, toHawserError(error).message);
  }
}

const plain = (status: number, text: string): Page => ({ status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` });

async function opened(server: Server, address: string, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  try {
    await promise;
  } catch (cause) {
    if (isErrno(cause, 'EADDRINUSE')) throw telemetryErrors.addressInUse(`another program listens on ${address}`, { cause });
    throw telemetryErrors.listenFailed(`can't listen on ${address}: ${toHawserError(cause).message}`, { cause });
  }
  server.off('error', reject);
  // Of a single connection, e.g. no descriptor left; the next one is tried.
  server.on('error', () => undefined);
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
