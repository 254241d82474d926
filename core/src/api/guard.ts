import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { type Access, type AccessRules, accessOf } from './access.ts';
import { apiErrors } from './errors.ts';
import { openPeerReader, type Peer } from './peer.ts';
import { whenEnded } from './when-ended.ts';

/** Connections that may be open; a command has one, a dashboard a handful. */
const MAX_CONNECTIONS = 256;
/** How many of them those have who may do less: whoever may do all finds a place, whatever they do. */
const MAX_OF = { none: 16, read: 128 } as const;
/** Requests under way, beside the streams of events, which may last. */
const MAX_REQUESTS = 64;

const STREAM = '/v1/events';

const LOOKING = new Set(['GET', 'HEAD']);

/** Lets in whom the rules let in, asked from the kernel once for each connection, and no more requests at once than it can bear. */
export async function guard(app: FastifyInstance, rules: AccessRules, log: Logger): Promise<void> {
  const readPeer = await openPeerReader();
  const own = { uid: process.getuid?.() ?? 0, canTell: process.platform === 'linux' };
  const peers = new WeakMap<object, { readonly peer: Peer | undefined }>();
  const peerOf = (socket: Socket): Peer | undefined => {
    const known = peers.get(socket) ?? { peer: readPeer(socket) };
    peers.set(socket, known);
    return known.peer;
  };
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.on(
    'connection',
    admit((socket) => accessOf(peerOf(socket), rules, own)),
  );
  app.addHook('onRequest', async (request) => {
    const peer = peerOf(request.raw.socket);
    const access = accessOf(peer, rules, own);
    if (access === 'change' || (access === 'read' && LOOKING.has(request.method))) return;
    log.warn({ requestId: request.id, method: request.method, url: request.url, ...peer }, 'refused a user');
    const who = peer === undefined ? 'a process whose user the kernel does not tell' : `user ${peer.uid}`;
    throw apiErrors.permissionDenied(access === 'read' ? `${who} may look here and change nothing` : `${who} may not talk to this agent`, {
      remedy: 'Run it as root or as the user that the agent runs as, or name the user under [api] in the config.',
    });
  });
  limit(app);
}

/** Closes the connections that are too many of their kind. */
function admit(access: (socket: Socket) => Access): (socket: Socket) => void {
  const open = { none: 0, read: 0 };
  return (socket) => {
    const kind = access(socket);
    if (kind === 'change') return;
    if (open[kind] >= MAX_OF[kind]) return void socket.destroy();
    open[kind]++;
    socket.once('close', () => open[kind]--);
  };
}

function limit(app: FastifyInstance): void {
  let count = 0;
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url === STREAM) return;
    if (count >= MAX_REQUESTS) {
      reply.header('retry-after', '1');
      throw apiErrors.busy(`${count} requests are under way already`);
    }
    count++;
    whenEnded(request.raw, reply.raw, () => count--);
  });
}
