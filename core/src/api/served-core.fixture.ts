import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Gc } from '../gc/gc.ts';
import { Metadata } from '../metadata/store.ts';
import type { PluginReport } from '../plugin/status.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { serveView } from './served-view.fixture.ts';
import { agentView } from './agent-view.fixture.ts';
import { servicesOf } from './services.fixture.ts';

/** What a server answered; of a stream of events its head alone. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request, to be sent as it is. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The API over the core's own services on a real store. */
export interface ServedCore extends AsyncDisposable {
  readonly folder: string;
  ask(asked: Asked): Promise<Answered>;
}

export const plugin: PluginReport = {
  uri: 'hawser.gc.v1.sweep',
  type: Gc.id,
  id: 'sweep',
  summary: 'Sweeps.',
  stability: 'beta',
  status: 'degraded',
  error: { code: 'gc.slow', message: 'it is slow', remedy: 'Wait.' },
  startMs: 1.5,
  startedAt: '2026-01-01T00:00:00.000Z',
  requires: [Metadata.id],
  provides: Gc.id,
  workers: [{ name: 'sweeper', state: 'waiting', rounds: 1, failures: 0, nextAt: '2026-01-01T00:00:01.000Z' }],
};

/** Serves it; copies of a store go to its folder and nowhere else. */
export async function serveCore(): Promise<ServedCore> {
  await using starting = new AsyncDisposableStack();
  const core = starting.use(await startCore({ context: testContext() }));
  await core.namespaces.create('there');
  const metadata: Metadata = {
    read: (...of) => core.metadata.read(...of),
    write: (...of) => core.metadata.write(...of),
    view: (...of) => core.metadata.view(...of),
    onCommit: (listener) => core.metadata.onCommit(listener),
    stats: () => core.metadata.stats(),
    backup: async (store, to, signal) =>
      to.startsWith(folder) || to.startsWith('/dev/null/') ? core.metadata.backup(store, to, signal) : undefined,
  };
  const services = servicesOf(core, { detach: async () => undefined, check: async () => undefined }, metadata);
  const agent = agentView(services, { reports: () => [plugin], setLogLevel: (uri) => uri === plugin.uri });
  const { path: socketPath, folder } = starting.use(await serveView(agent));
  const connections = new Agent({ keepAlive: true, maxSockets: 4 });
  starting.defer(() => connections.destroy());
  const running = starting.move();
  return {
    folder,
    ask: (asked) => ask(socketPath, connections, asked),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function ask(socketPath: string, agent: Agent, { method, path, headers = {}, body }: Asked): Promise<Answered> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const made = request(
      { socketPath, agent, method, path, headers: { ...headers, ...length }, signal: AbortSignal.timeout(10_000) },
      resolve,
    );
    made.once('error', reject);
    made.end(body);
  });
  const head = { status: response.statusCode ?? 0, headers: response.headers };
  if (response.headers['content-type'] !== 'application/x-ndjson') return { ...head, body: await text(response) };
  response.on('error', () => undefined).destroy();
  return { ...head, body: '' };
}
