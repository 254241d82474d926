import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HawserError } from '../errors/index.ts';
import { apiErrors } from './errors.ts';
import { statusOf, toProblem } from './problem.ts';
import { SERVER } from './route.ts';

const { maxHeaderSize, STATUS_CODES } = process.getBuiltinModule('node:http');

/** Answers what Node.js can't make a request of, and closes the connection. */
export function refuseRequest(fault: Error & { readonly code?: string }, socket: Socket, requestId: string): void {
  if (fault.code === 'ECONNRESET') return void socket.destroy();
  answerAndClose(asApiError(fault), socket, requestId);
}

/** Answers with a problem document where there is no response to do it. */
export function answerAndClose(error: HawserError, socket: Duplex, requestId: string): void {
  if (!socket.writable) return void socket.destroy();
  const status = statusOf(error);
  const body = JSON.stringify(toProblem(error, requestId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Server: ${SERVER}`,
    `X-Request-Id: ${requestId}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function asApiError({ code }: { readonly code?: string }): HawserError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return apiErrors.tooLarge(`the address and the headers of the request have more than ${maxHeaderSize} bytes`, {
      remedy: 'Ask for less at once, e.g. by fewer or shorter filters.',
    });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return apiErrors.badRequest('the request did not arrive in time', { remedy: 'Send it whole, and at once.' });
  return apiErrors.badRequest('this is not an HTTP request');
}
