import { agentErrors } from './errors.ts';

/** Linux's numbers; this protocol is nowhere else. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const MAX_PATH = 107;

/** Tells the service manager how the agent does, as sd_notify(3) has it. */
export interface ServiceManager {
  /** `READY=1`, `STOPPING=1`, `STATUS=…`: one assignment a line. */
  notify(state: string): void;
}

const nobody: ServiceManager = { notify: () => undefined };

/**
 * The service manager that NOTIFY_SOCKET names; nobody when it is unset. Node has no datagram sockets of the unix
 * family and the libraries for it are addons to be compiled, so this calls the C library directly.
 */
export async function openServiceManager(address: string | undefined): Promise<ServiceManager> {
  if (address === undefined || address === '') return nobody;
  if (!/^[/@]./.test(address) || Buffer.byteLength(address) > MAX_PATH) {
    throw agentErrors.notifyFailed(`NOTIFY_SOCKET is neither a path nor an abstract name: ${address}`);
  }
  const target = encodeAddress(address);
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const sendto = libc.func('int64_t sendto(int fd, void *data, size_t size, int flags, void *address, uint32_t length)');
  const close = libc.func('int close(int fd)');
  return {
    notify: (state) => {
      const fd = Number(socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
      if (fd < 0) throw agentErrors.notifyFailed('the kernel gives no datagram socket');
      const data = Buffer.from(state);
      const sent = Number(sendto(fd, data, data.length, MSG_NOSIGNAL, target, target.length));
      close(fd);
      if (sent !== data.length)
        throw agentErrors.notifyFailed(`nobody listens at NOTIFY_SOCKET ${address}`, { details: { errno: koffi.errno() } });
    },
  };
}

/** How often WATCHDOG_USEC wants to hear that this process lives, milliseconds; undefined where it is asked of nobody, or of another. */
export function watchdogMs(usec: string | undefined, pid: string | undefined): number | undefined {
  if (pid !== undefined && pid !== '' && Number(pid) !== process.pid) return undefined;
  const ms = Number(usec) / 1000;
  return Number.isFinite(ms) && ms >= 1 ? ms : undefined;
}

/** sockaddr_un: family in host byte order, then the path with its zero, or a zero and the abstract name without one. */
function encodeAddress(address: string): Buffer {
  const family = Buffer.from(new Uint8Array(new Uint16Array([AF_UNIX]).buffer));
  const path = address.startsWith('@') ? Buffer.from(`\0${address.slice(1)}`) : Buffer.from(`${address}\0`);
  return Buffer.concat([family, path]);
}
