import type { Socket } from 'node:net';
import type { Clock } from '@hawser/core';
import { CniCode, CniError } from '../protocol/cni-error.ts';
import { encodeError } from '../protocol/encode-error.ts';
import { encodeResponseFrame, type RequestFrame, RequestReader } from '../protocol/frame.ts';
import { cniErrors } from './errors.ts';

/** How long a client may take to fetch its answer. */
const ANSWER_DEADLINE_MS = 5000;

export interface Answer {
  readonly exitCode: number;
  readonly body: string;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly readDeadlineMs: number;
  /** Never rejects. The signal aborts when the client has gone. */
  readonly handle: (frame: RequestFrame, signal: AbortSignal) => Promise<Answer>;
}

/**
 * Serves one client: reads one request, answers it, closes. A client that sends garbage or is too slow gets an error
 * and a close; one that goes before its answer is there cancels its call.
 */
export function serveConnection(socket: Socket, options: ConnectionOptions): void {
  const { clock, readDeadlineMs, handle } = options;
  const reader = new RequestReader();
  const gone = new AbortController();
  let state: 'reading' | 'working' | 'answered' = 'reading';

  const answer = ({ exitCode, body }: Answer) => {
    if (state === 'answered') return;
    state = 'answered';
    readTimer[Symbol.dispose]();
    closeAfterAnswer(socket, encodeResponseFrame({ exitCode, body }), clock);
  };
  const late = () => {
    if (state === 'reading') answer(failure(new CniError(CniCode.io, 'the request did not arrive in time')));
  };
  // Timers come before what sockets have: where the agent was busy, the request may have been there all the while.
  const readTimer = clock.timer(readDeadlineMs, () => setImmediate(late));

  socket.on('data', (chunk: Buffer) => {
    if (state === 'answered') return;
    if (state === 'working') {
      gone.abort(cniErrors.clientGone('the client sent more than one request'));
      return;
    }
    try {
      const frame = reader.push(chunk);
      if (frame === undefined) return;
      state = 'working';
      readTimer[Symbol.dispose]();
      void handle(frame, gone.signal).then(answer);
    } catch (error) {
      answer(failure(error instanceof CniError ? error : new CniError(CniCode.decoding, 'the request cannot be read')));
    }
  });
  const leave = () => {
    readTimer[Symbol.dispose]();
    if (state !== 'answered') gone.abort(cniErrors.clientGone('the client has gone before its answer was there'));
    if (state === 'reading') socket.destroy();
  };
  socket.on('end', leave);
  socket.on('close', leave);
  // A reset is followed by 'close', which does what is to be done.
  socket.on('error', () => undefined);
}

/** Answers without reading, for a client that can't be served. */
export function refuseConnection(socket: Socket, error: CniError, clock: Clock): void {
  const { exitCode, body } = failure(error);
  socket.on('error', () => undefined);
  socket.resume();
  closeAfterAnswer(socket, encodeResponseFrame({ exitCode, body }), clock);
}

export const failure = (error: CniError, version?: Parameters<typeof encodeError>[1]): Answer => ({
  exitCode: error.code,
  body: encodeError(error, version),
});

function closeAfterAnswer(socket: Socket, bytes: Buffer, clock: Clock): void {
  const timer = clock.timer(ANSWER_DEADLINE_MS, () => socket.destroy());
  socket.once('close', () => timer[Symbol.dispose]());
  socket.end(bytes, () => socket.destroySoon());
}
