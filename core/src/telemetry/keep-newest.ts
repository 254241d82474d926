import type { Server, Socket } from 'node:net';

/**
 * Keeps the newest `most` connections of a server that whoever reaches it may use: the one that has been there longest makes room. So
 * who holds many open loses his own, and a probe, which asks as it comes, has its answer; what would refuse the newest keeps probes
 * out for as long as somebody likes.
 */
export function keepNewest(server: Server, most: number): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > most) oldest?.destroy();
  });
}
