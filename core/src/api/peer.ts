import type { Socket } from 'node:net';

/** SOL_SOCKET and SO_PEERCRED of include/uapi/asm-generic/socket.h, as every architecture that Node.js runs Linux on has them. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid, 32 bits each. */
const UCRED_SIZE = 12;

/** The process at the other end of a unix socket, as the kernel knows it since it connected. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who is at the other end of a connected unix socket; undefined where the kernel doesn't say. */
export type PeerReader = (socket: Socket) => Peer | undefined;

/** Node.js has no door to SO_PEERCRED. Nobody can be told apart where there is no Linux. */
export async function openPeerReader(): Promise<PeerReader> {
  if (process.platform !== 'linux') return () => undefined;
  const { default: koffi } = await import('koffi');
  const getsockopt = koffi.load(null).func('int getsockopt(int, int, int, uint8_t *, uint32_t *)');
  return (socket) => {
    const fd = descriptorOf(socket);
    if (fd === undefined) return undefined;
    const credentials = Buffer.alloc(UCRED_SIZE);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, Uint32Array.of(UCRED_SIZE)) !== 0) return undefined;
    const [pid = -1, uid = -1, gid = -1] = new Uint32Array(credentials.buffer, credentials.byteOffset, 3);
    return { pid, uid, gid };
  };
}

/** Node.js keeps the descriptor to itself. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
