import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Clock, type Deadline, deadlineSignal } from '../context/index.ts';
import { HawserError } from '../errors/index.ts';
import { apiErrors } from './errors.ts';
import { SERVER } from './route.ts';

/** One call over the agent's socket. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query, already encoded. */
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
  /** How long the agent may take to answer, milliseconds; of a stream, to begin. */
  readonly patienceMs: number;
}

/** The place of an agent, and the time that its answers are measured in. */
export interface Peer {
  readonly socket: string;
  readonly clock: Clock;
}

/** No line of a stream is longer; what sends more is no agent. */
const LONGEST_LINE = 16 * 2 ** 20;

/** The answer's JSON, undefined where it has none. Throws the error that the problem document stands for. */
export async function exchange({ socket, clock }: Peer, call: Call): Promise<unknown> {
  using patience = patienceOf(socket, clock, call);
  const response = await send(socket, call, patience.signal);
  const body = await text(response).catch((error: unknown) => {
    throw asClientError(socket, patience.signal, error);
  });
  if (isSuccess(response)) return body === '' ? undefined : parse(socket, body);
  throw await refusal(socket, response, body);
}

/** A stream of newline-delimited JSON; a last line `{"error":…}` is thrown. */
export async function* exchangeLines({ socket, clock }: Peer, call: Call): AsyncGenerator<unknown, void, undefined> {
  const patience = patienceOf(socket, clock, call);
  let response: IncomingMessage;
  try {
    // The caller's signal by itself, too: it ends the stream long after the patience for its beginning.
    response = await send(socket, call, AbortSignal.any([patience.signal, call.signal]));
    if (!isSuccess(response)) throw await refusal(socket, response, await text(response));
  } finally {
    // Once it has begun a stream may be silent for as long as nothing happens.
    patience[Symbol.dispose]();
  }
  try {
    for await (const line of lines(socket, response)) {
      const item = parse(socket, line);
      const failed = typeof item === 'object' && item !== null && 'error' in item ? await errorOf(item.error) : undefined;
      if (failed !== undefined) throw failed;
      yield item;
    }
  } catch (error) {
    throw error instanceof HawserError ? error : asClientError(socket, call.signal, error);
  } finally {
    response.destroy();
  }
}

/** Aborts when the caller does, or when the agent has had its time. */
function patienceOf(socket: string, clock: Clock, { patienceMs, signal }: Call): Deadline {
  return deadlineSignal(clock, patienceMs, `the answer from ${socket}`, signal);
}

async function* lines(socket: string, response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    // What is left of the chunk before has no end of a line, and is not looked through again.
    const parts = String(chunk).split('\n');
    parts[0] = `${rest}${parts[0]}`;
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST_LINE)
      throw apiErrors.badAnswer(`what listens at ${socket} sends a line without an end`, { details: { socket } });
    yield* parts.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

async function send(socket: string, { method, path, body }: Call, signal: AbortSignal): Promise<IncomingMessage> {
  const { request: httpRequest } = process.getBuiltinModule('node:http');
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(
      { socketPath: socket, method, path, headers: { host: 'hawser', ...headers }, signal, agent: false },
      resolve,
    );
    request.once('error', (error) => reject(asClientError(socket, signal, error)));
    request.end(payload);
  });
  if (response.headers['server'] === SERVER) return response;
  response.destroy();
  throw apiErrors.noAgent(`what listens at ${socket} is no Hawser agent`, { details: { socket } });
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

async function refusal(socket: string, response: IncomingMessage, body: string): Promise<HawserError> {
  const problem =
    response.headers['content-type']?.startsWith('application/problem+json') === true ? await errorOf(parse(socket, body)) : undefined;
  return problem ?? apiErrors.badAnswer(`what listens at ${socket} answered with status ${response.statusCode}`, { details: { socket } });
}

/** Its schema is loaded for a call that has failed only. */
async function errorOf(problem: unknown): Promise<HawserError | undefined> {
  const { fromProblem } = await import('./from-problem.ts');
  return fromProblem(problem);
}

function parse(socket: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw apiErrors.badAnswer(`what listens at ${socket} doesn't answer in JSON`, { cause: error, details: { socket } });
  }
}

/** What kept a call from being answered. The caller's abort is thrown as its own reason. */
function asClientError(socket: string, signal: AbortSignal, error: unknown): unknown {
  if (signal.aborted)
    return isTimeout(signal.reason)
      ? apiErrors.noAnswer(signal.reason.message, { cause: signal.reason, details: { socket } })
      : signal.reason;
  const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const options = { cause: error, details: { socket, errno } };
  if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK'].includes(errno)) return apiErrors.noAgent(`no agent listens at ${socket}`, options);
  if (errno === 'EINVAL' || errno === 'ENAMETOOLONG')
    return apiErrors.noAgent(`no agent listens at ${socket}: a socket has no path as long as that`, options);
  if (errno === 'EACCES' || errno === 'EPERM') return apiErrors.permissionDenied(`this user may not connect to ${socket}`, options);
  if (errno === 'ECONNRESET' || errno === 'EPIPE') return apiErrors.noAgent(`the agent at ${socket} has gone`, options);
  return apiErrors.badAnswer(`the call to ${socket} failed: ${errno}`, options);
}

const isTimeout = (reason: unknown): reason is Error => reason instanceof Error && reason.name === 'TimeoutError';
