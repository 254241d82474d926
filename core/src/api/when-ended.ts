import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Who waits for the end of a response, by its connection. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once when a response has ended, sent or lost. Node.js tells a response that its connection is lost only while it
 * is the one that is being sent: those of requests that a client has sent ahead of their turn never hear of it, so that the
 * connection is asked, too, by one listener for all of them.
 */
export function whenEnded({ socket }: IncomingMessage, response: ServerResponse, ended: () => void): void {
  const others = waiting.get(socket) ?? listenTo(socket);
  const once = (): void => {
    if (others.delete(once)) ended();
  };
  others.add(once);
  response.once('close', once);
}

function listenTo(socket: Socket): Set<() => void> {
  const listeners = new Set<() => void>();
  waiting.set(socket, listeners);
  socket.once('close', () => {
    for (const ended of listeners) ended();
  });
  return listeners;
}
