import { connect } from 'node:net';
import { systemClock, withDeadline } from '@hawser/core';
import { cniErrors } from '../endpoint/errors.ts';
import { decodeResponseFrame, encodeRequestFrame, type ResponseFrame } from '../protocol/frame.ts';
import { isObject, parseConfig } from '../protocol/network-config.ts';
import { DEFAULT_BIN_DIR, EXECUTABLE_NAME } from './conflist.ts';

/** For all of a call: as long as the executable waits for a STATUS. */
const PATIENCE_MS = 10_000;

/** One call to an endpoint, as the executable makes it. Rejects with the reason of the signal once that is aborted. */
export function callEndpoint(
  socket: string,
  environment: Readonly<Record<string, string>>,
  input: string | Uint8Array,
  signal: AbortSignal,
): Promise<ResponseFrame> {
  const late = () => cniErrors.agentNotReady(`the CNI endpoint at ${socket} has not answered within ${PATIENCE_MS / 1000} s`);
  const request = encodeRequestFrame(environment, Buffer.from(input));
  return withDeadline(systemClock, PATIENCE_MS, late, (limit) => exchange(socket, request, limit), signal);
}

function exchange(socket: string, request: Uint8Array, signal: AbortSignal): Promise<ResponseFrame> {
  const { promise, resolve, reject } = Promise.withResolvers<ResponseFrame>();
  const stream = connect({ path: socket, signal });
  let bytes = Buffer.alloc(0);
  stream.write(request);
  stream.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    try {
      const response = decodeResponseFrame(bytes);
      if (response !== undefined) resolve(response);
    } catch (cause) {
      reject(noEndpoint(socket, cause));
    }
  });
  stream.on('error', (cause) => reject(cniErrors.agentNotReady(`no CNI endpoint answers at ${socket}`, { cause })));
  stream.on('close', () => reject(cniErrors.agentNotReady(`the CNI endpoint at ${socket} closed without an answer`)));
  return promise.finally(() => stream.destroy());
}

const noEndpoint = (socket: string, cause?: unknown): Error =>
  cniErrors.agentNotReady(`what listens at ${socket} is no CNI endpoint of hawser`, cause === undefined ? {} : { cause });

/** The object that a body is. */
function bodyOf(socket: string, body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return parseConfig(body);
  } catch (cause) {
    throw noEndpoint(socket, cause);
  }
}

/** Asks a running endpoint for the folder of its tombstones. */
export async function askTombstones(socket: string, signal: AbortSignal): Promise<string> {
  const { body } = await callEndpoint(socket, { CNI_COMMAND: 'VERSION' }, '', signal);
  const { hawser } = bodyOf(socket, body);
  if (isObject(hawser) && typeof hawser['tombstones'] === 'string') return hawser['tombstones'];
  throw noEndpoint(socket);
}

/** Asks a running endpoint as runtimes do whether pods can be attached. Throws with its reason where they can't. */
export async function askStatus(socket: string, signal: AbortSignal): Promise<void> {
  const config = JSON.stringify({ cniVersion: '1.1.0', name: EXECUTABLE_NAME, type: EXECUTABLE_NAME });
  const { exitCode, body } = await callEndpoint(socket, { CNI_COMMAND: 'STATUS', CNI_PATH: DEFAULT_BIN_DIR }, config, signal);
  if (exitCode === 0) return;
  const { msg, details } = bodyOf(socket, body);
  throw cniErrors.agentNotReady(`pods could not be attached yet: ${typeof msg === 'string' ? msg : `code ${exitCode}`}`, {
    ...(typeof details === 'string' ? { remedy: details } : {}),
  });
}
