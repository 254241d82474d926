import { chmod, lstat, unlink } from 'node:fs/promises';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js';
import { isListenedOn, type JsonObject } from '@hawser/core';
import * as z from 'zod';
import { API_VERSION } from '../api-version.ts';
import { proxyErrors } from '../errors.ts';
import { type Method, methodOf } from '../wire/proto.ts';
import { handshakeRequest } from '../wire/shapes.ts';
import { unaryHandler } from './handler.ts';

/** Who serves, and where. */
export interface ServeOptions {
  /** Path of the socket, which gets mode 0600; one that a dead process has left there is taken over. */
  readonly socket: string;
  /** For the agent's log. */
  readonly name: string;
  readonly version: string;
  /** Gets `config` of [proxy_plugins.<name>] on each connection; an error that it throws is what the agent shows. */
  readonly configure?: (config: JsonObject) => void | Promise<void>;
  /** 4 MiB unless told. */
  readonly maxMessageBytes?: number;
}

/** A contract that is served; disposing ends it, with the calls under way. */
export interface Served extends AsyncDisposable {
  /** What the agent's config has as `address`. */
  readonly address: string;
  /** What it says when it is asked for its health; serving from the start. */
  setServing(serving: boolean): void;
}

/** One method with what answers it. */
export interface Handler {
  readonly method: Method;
  readonly handle: UntypedHandleCall;
}

/** Serves a contract with the handshake and the health service beside it. */
export async function serve(contract: string, handlers: readonly Handler[], options: ServeOptions): Promise<Served> {
  const { socket, maxMessageBytes = 4 * 1024 * 1024 } = options;
  const limits = { 'grpc.max_receive_message_length': maxMessageBytes, 'grpc.max_send_message_length': maxMessageBytes };
  const server = new Server(limits);
  let serving = true;
  for (const { method, handle } of [handshake(contract, options), health(() => serving), ...handlers]) {
    const [, , name = ''] = method.path.split('/');
    server.addService(definitionOf(name, method), { [name]: handle });
  }
  await takeOver(socket);
  const address = `unix://${socket}`;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  // Whoever may connect may attach pods.
  await chmod(socket, 0o600);
  return {
    address,
    setServing: (now) => void (serving = now),
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await unlink(socket).catch(() => undefined);
    },
  };
}

const identity = (bytes: Buffer): Buffer => bytes;

function definitionOf(name: string, { path, streams }: Method): ServiceDefinition {
  const codec = { requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity };
  return { [name]: { path, requestStream: false, responseStream: streams, ...codec } };
}

function handshake(contract: string, { name, version, configure }: ServeOptions): Handler {
  const method = methodOf('hawser.plugin.v1.Plugin', 'Handshake');
  const handle = unaryHandler(method, handshakeRequest, async ({ apiVersions, contract: wanted, config }) => {
    if (!apiVersions.includes(API_VERSION)) {
      throw proxyErrors.incompatible(`${name} ${version} speaks version ${API_VERSION} of the API, the agent ${apiVersions.join(', ')}`);
    }
    if (wanted !== contract) throw proxyErrors.incompatible(`${name} ${version} serves ${contract}, not ${wanted}`);
    await configure?.(config);
    return { apiVersion: API_VERSION, name, version, contracts: [contract] };
  });
  return { method, handle };
}

function health(isServing: () => boolean): Handler {
  const method = methodOf('grpc.health.v1.Health', 'Check');
  const status = (): object => ({ status: isServing() ? 'SERVING' : 'NOT_SERVING' });
  return { method, handle: unaryHandler(method, z.object({}), async () => status()) };
}

/** A socket that nobody listens at any more is in the way of who starts again. */
async function takeOver(socket: string): Promise<void> {
  const there = await lstat(socket).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket() || (await isListenedOn(socket))) throw proxyErrors.addressTaken(`${socket} is in use`);
  await unlink(socket);
}
