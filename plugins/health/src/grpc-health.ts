import { lstat, unlink } from 'node:fs/promises';
import { createServer, type ListenOptions } from 'node:net';
import { isListenedOn, keepNewest, parseTcpAddress } from '@hawser/core';
import type { Health } from '@hawser/core/contracts';
import { Server, ServerCredentials, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { healthErrors } from './errors.ts';

/** What may be asked for by name; the empty name is the server as a whole. */
const SERVICES = { '': 'ready', liveness: 'live', readiness: 'ready', health: 'healthy' } as const;

/** Probes are few and small: whoever reaches the address, and may be anybody, is not to keep the agent from its calls. */
const MAX_CONNECTIONS = 128;
const LIMITS = {
  'grpc.max_concurrent_streams': 16,
  'grpc.max_receive_message_length': 4_096,
  'grpc.max_connection_idle_ms': 10_000,
} as const;

/** Serves grpc.health.v1.Health, Check and Watch, at `unix:///path` or an address with a port. */
export async function serveGrpcHealth(address: string, health: Health): Promise<AsyncDisposable & { readonly port: number }> {
  const implementation = new HealthImplementation();
  // Who watches hears of changes only.
  const told = new Map<string, ServingStatus>();
  const update = (): void => {
    for (const [service, question] of Object.entries(SERVICES)) {
      const status: ServingStatus = health[question]().ok ? 'SERVING' : 'NOT_SERVING';
      if (told.get(service) === status) continue;
      told.set(service, status);
      implementation.setStatus(service, status);
    }
  };
  // Who asks hears what is so now, not what was so at the last beat.
  const fresh: ServerInterceptor = (_method, call) => {
    update();
    return new ServerInterceptingCall(call);
  };
  const server = new Server({ ...LIMITS, interceptors: [fresh] });
  implementation.addToServer(server);
  await vacate(address);
  const listener = await listen(server, address);
  const listening = health.onChange(update);
  return {
    port: listener.port,
    [Symbol.asyncDispose]: async () => {
      listening[Symbol.dispose]();
      listener.close();
      // Who watches would keep it open for ever.
      server.forceShutdown();
    },
  };
}

/** Listens in place of the library, which takes as many connections as come. */
async function listen(server: Server, address: string): Promise<{ readonly port: number; close(): void }> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer((connection) => injector.injectConnection(connection));
  keepNewest(listener, MAX_CONNECTIONS);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  listener.on('error', (cause) => reject(healthErrors.grpcFailed(`can't serve gRPC at ${address}: ${cause.message}`, { cause })));
  listener.listen(placeOf(address), resolve);
  await promise;
  const bound = listener.address();
  return { port: typeof bound === 'object' && bound !== null ? bound.port : 0, close: () => void listener.close() };
}

function placeOf(address: string): ListenOptions {
  const path = pathOf(address);
  if (path !== undefined) return { path };
  const place = parseTcpAddress(address);
  if (place === undefined) throw healthErrors.grpcFailed(`${address} is no address with a port`);
  return place;
}

const pathOf = (address: string): string | undefined => (address.startsWith('unix://') ? address.slice('unix://'.length) : undefined);

/** The socket of an agent that has died is in the way of the next one. */
async function vacate(address: string): Promise<void> {
  const path = pathOf(address);
  if (path === undefined) return;
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw healthErrors.grpcFailed(`${path} is there and is no socket`);
  if (await isListenedOn(path)) throw healthErrors.grpcFailed(`another program listens on ${path}`);
  await unlink(path);
}
