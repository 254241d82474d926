import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { HawserError } from '../errors/index.ts';
import { apiErrors } from './errors.ts';
import { fromProblem } from './problem.ts';

/** One call over the agent's socket. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query, already encoded. */
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** The answer's JSON, undefined where it has none. Throws the error that the problem document stands for. */
export async function exchange(socket: string, call: Call): Promise<unknown> {
  const response = await send(socket, call);
  const body = await text(response).catch((error: unknown) => {
    throw asClientError(socket, call.signal, error);
  });
  if (isSuccess(response)) return body === '' ? undefined : parse(socket, body);
  throw refusal(socket, response, body);
}

/** A stream of newline-delimited JSON; a last line `{"error":…}` is thrown. */
export async function* exchangeLines(socket: string, call: Call): AsyncGenerator<unknown, void, undefined> {
  const response = await send(socket, call);
  if (!isSuccess(response)) throw refusal(socket, response, await text(response));
  try {
    for await (const line of lines(response)) {
      const item = parse(socket, line);
      const failed = typeof item === 'object' && item !== null && 'error' in item ? fromProblem(item.error) : undefined;
      if (failed !== undefined) throw failed;
      yield item;
    }
  } catch (error) {
    throw error instanceof HawserError ? error : asClientError(socket, call.signal, error);
  } finally {
    response.destroy();
  }
}

async function* lines(response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const parts = `${rest}${chunk}`.split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

async function send(socket: string, { method, path, body, signal }: Call): Promise<IncomingMessage> {
  // Costs 30 ms to load, a fifth of what a command may take.
  const { request: httpRequest } = await import('node:http');
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  return await new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: socket, method, path, headers: { host: 'hawser', ...headers }, signal, agent: false }, resolve);
    request.once('error', (error) => reject(asClientError(socket, signal, error)));
    request.end(payload);
  });
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

function refusal(socket: string, response: IncomingMessage, body: string): HawserError {
  const problem = response.headers['content-type']?.startsWith('application/problem+json') === true ? fromProblem(parse(socket, body)) : undefined;
  return problem ?? apiErrors.badAnswer(`what listens at ${socket} answered with status ${response.statusCode}`, { details: { socket } });
}

function parse(socket: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw apiErrors.badAnswer(`what listens at ${socket} doesn't answer in JSON`, { cause: error, details: { socket } });
  }
}

/** What kept a call from being answered. An abort is thrown as its own reason. */
function asClientError(socket: string, signal: AbortSignal, error: unknown): unknown {
  if (signal.aborted) return signal.reason;
  const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const options = { cause: error, details: { socket, errno } };
  if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK'].includes(errno)) return apiErrors.noAgent(`no agent listens at ${socket}`, options);
  if (errno === 'EACCES' || errno === 'EPERM') return apiErrors.permissionDenied(`this user may not connect to ${socket}`, options);
  if (errno === 'ECONNRESET' || errno === 'EPIPE') return apiErrors.noAgent(`the agent at ${socket} has gone`, options);
  return apiErrors.badAnswer(`the call to ${socket} failed: ${errno}`, options);
}
