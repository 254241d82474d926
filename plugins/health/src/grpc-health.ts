import { lstat, unlink } from 'node:fs/promises';
import { isListenedOn } from '@hawser/core';
import type { Health } from '@hawser/core/contracts';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { healthErrors } from './errors.ts';

/** What may be asked for by name; the empty name is the server as a whole. */
const SERVICES = { '': 'ready', liveness: 'live', readiness: 'ready', health: 'healthy' } as const;

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
  update();
  const server = new Server();
  implementation.addToServer(server);
  await vacate(address);
  const port = await bound(server, address);
  const listening = health.onChange(update);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      listening[Symbol.dispose]();
      // Who watches would keep it open for ever.
      server.forceShutdown();
    },
  };
}

function bound(server: Server, address: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(address, ServerCredentials.createInsecure(), (cause, port) => {
    if (cause === null) resolve(port);
    else reject(healthErrors.grpcFailed(`can't serve gRPC at ${address}: ${cause.message}`, { cause }));
  });
  return promise;
}

/** The socket of an agent that has died is in the way of the next one. */
async function vacate(address: string): Promise<void> {
  if (!address.startsWith('unix://')) return;
  const path = address.slice('unix://'.length);
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket()) throw healthErrors.grpcFailed(`${path} is there and is no socket`);
  if (await isListenedOn(path)) throw healthErrors.grpcFailed(`another program listens on ${path}`);
  await unlink(path);
}
