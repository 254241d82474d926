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
/** Requests under way, and streams of events, which may last. Those who may only look have half of them. */
const MAX_REQUESTS = 64;
const MAX_STREAMS = MAX_CONNECTIONS;

const STREAM = '/v1/events';
/** They are answered at once. An agent that has as many requests as it takes is alive, and who probes it is to hear that. */
const PROBES: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz', '/healthz']);

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
  const access = (socket: Socket): Access => accessOf(peerOf(socket), rules, own);
  app.server.on('connection', admit(access));
  app.addHook('onRequest', async (request) => {
    const peer = peerOf(request.raw.socket);
    const may = accessOf(peer, rules, own);
    if (may === 'change' || (may === 'read' && LOOKING.has(request.method))) return;
    log.warn({ requestId: request.id, method: request.method, url: request.url, peer }, 'refused a user');
    const who = peer === undefined ? 'a process whose user the kernel does not tell' : `user ${peer.uid}`;
    throw apiErrors.permissionDenied(may === 'read' ? `${who} may look here and change nothing` : `${who} may not talk to this agent`, {
      remedy: 'Run it as root or as the user that the agent runs as, or name the user under [api] in the config.',
    });
  });
  limit(app, access);
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

/** A connection may ask for much ahead of its turn, so that bounding connections is not enough. */
function limit(app: FastifyInstance, access: (socket: Socket) => Access): void {
  const [requests, streams] = [new Places(MAX_REQUESTS), new Places(MAX_STREAMS)];
  app.addHook('onRequest', async (request, reply) => {
    const { url } = request.routeOptions;
    if (PROBES.has(url)) return;
    const places = url === STREAM ? streams : requests;
    const leave = places.take(access(request.raw.socket));
    if (leave === undefined) {
      reply.header('retry-after', '1');
      throw apiErrors.busy('as many requests are under way already as the agent takes');
    }
    whenEnded(request.raw, reply.raw, leave);
  });
}

/** Places for what is under way, half of them for those who may only look. */
class Places {
  readonly #most: number;
  readonly #taken = { change: 0, read: 0, none: 0 };

  constructor(most: number) {
    this.#most = most;
  }

  /** What gives the place back; undefined where there is none. */
  take(kind: Access): (() => void) | undefined {
    const { change, read } = this.#taken;
    if (change + read >= this.#most || (kind === 'read' && read >= this.#most / 2)) return undefined;
    this.#taken[kind]++;
    return () => void this.#taken[kind]--;
  }
}
