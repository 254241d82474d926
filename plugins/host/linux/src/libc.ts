import type { KoffiFunc } from 'koffi';

/** Flags and options of libc calls, as include/uapi has them; the same on every architecture that Node.js runs on. */
export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const CLONE_NEWNET = 0x40000000;
export const MSG_TRUNC = 0x20;
export const MS_BIND = 4096;
export const MNT_DETACH = 2;
export const MFD_CLOEXEC = 1;
export const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
/** struct sock_filter */
const FILTER_SIZE = 8;

export const EINTR = 4;
export const EAGAIN = 11;
export const ENOBUFS = 105;

/** Calls return what C returns: -1 for failures, whose errno `errno()` then has. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Has the kernel run a program (classic BPF: struct sock_filter, one behind the other) over what the socket is to receive. */
  attachFilter(fd: number, program: Uint8Array): number;
  send(fd: number, data: Uint8Array): number;
  /**
   * On one of koffi's worker threads, so that what the kernel waits for does not hold the event loop. Rejects when
   * too many calls wait already.
   */
  sendOnWorker(fd: number, data: Uint8Array): Promise<{ readonly sent: number; readonly errno: number }>;
  sendto(fd: number, data: Uint8Array, address: Uint8Array): number;
  recv(fd: number, into: Uint8Array, flags: number): number;
  /** `from` gets the sender's address. */
  recvfrom(fd: number, into: Uint8Array, flags: number, from: Uint8Array): number;
  ioctl(fd: number, request: number, data: Uint8Array): number;
  setns(fd: number, kind: number): number;
  unshare(flags: number): number;
  mount(source: string, target: string, flags: number): number;
  umount2(target: string, flags: number): number;
  /** A file in memory. */
  memfdCreate(name: string, flags: number): number;
  close(fd: number): number;
  errno(): number;
  /** Calls back in a turn of the event loop whenever `fd` has something to read or an error, until it is disposed. */
  onReadable(fd: number, callback: () => void): Disposable;
}

/** Binds libc. Fails where koffi has no build for this machine or libc lacks a call. */
export async function loadLibc(): Promise<Libc> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const bind = library.func('int bind(int, const uint8_t *, uint32_t)') as KoffiFunc<
    (fd: number, address: Uint8Array, size: number) => number
  >;
  const send = library.func('intptr_t send(int, const uint8_t *, size_t, int)') as KoffiFunc<
    (fd: number, data: Uint8Array, size: number, flags: number) => number
  >;
  const sendto = library.func('intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)') as KoffiFunc<
    (fd: number, data: Uint8Array, size: number, flags: number, address: Uint8Array, addressSize: number) => number
  >;
  const recv = library.func('intptr_t recv(int, uint8_t *, size_t, int)') as KoffiFunc<
    (fd: number, into: Uint8Array, size: number, flags: number) => number
  >;
  const recvfrom = library.func('intptr_t recvfrom(int, uint8_t *, size_t, int, uint8_t *, uint32_t *)') as KoffiFunc<
    (fd: number, into: Uint8Array, size: number, flags: number, from: Uint8Array, fromSize: Uint32Array) => number
  >;
  const setsockopt = library.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)') as KoffiFunc<
    (fd: number, level: number, option: number, value: Uint8Array, size: number) => number
  >;
  const mount = library.func('int mount(const char *, const char *, const char *, unsigned long, const void *)') as KoffiFunc<
    (source: string, target: string, type: string, flags: number, data: null) => number
  >;
  const addressSize = new Uint32Array(1);
  return {
    socket: library.func('int socket(int, int, int)') as KoffiFunc<Libc['socket']>,
    bind: (fd, address) => bind(fd, address, address.length),
    setsockopt: (fd, level, option, value) => setsockopt(fd, level, option, value, value.length),
    attachFilter: filterAttacher(koffi, library),
    send: (fd, data) => send(fd, data, data.length, 0),
    sendOnWorker: (fd, data) =>
      new Promise((resolve, reject) => {
        send.async(fd, data, data.length, 0, (error: unknown, sent: number) => {
          if (error) reject(error);
          // Named here so that it is not collected while the worker reads it: koffi does not hold what it was given.
          else resolve({ sent, errno: sent < data.length ? koffi.errno() : 0 });
        });
      }),
    sendto: (fd, data, address) => sendto(fd, data, data.length, 0, address, address.length),
    recv: (fd, into, flags) => recv(fd, into, into.length, flags),
    recvfrom(fd, into, flags, from) {
      addressSize[0] = from.length;
      return recvfrom(fd, into, into.length, flags, from, addressSize);
    },
    // ioctl is variadic in C; pointers go into the same registers either way on the ABIs that koffi and Node.js share.
    ioctl: library.func('int ioctl(int, unsigned long, uint8_t *)') as KoffiFunc<Libc['ioctl']>,
    setns: library.func('int setns(int, int)') as KoffiFunc<Libc['setns']>,
    unshare: library.func('int unshare(int)') as KoffiFunc<Libc['unshare']>,
    mount: (source, target, flags) => mount(source, target, 'none', flags, null),
    umount2: library.func('int umount2(const char *, int)') as KoffiFunc<Libc['umount2']>,
    memfdCreate: library.func('int memfd_create(const char *, unsigned int)') as KoffiFunc<Libc['memfdCreate']>,
    close: library.func('int close(int)') as KoffiFunc<Libc['close']>,
    errno: () => koffi.errno(),
    onReadable: (fd, callback) => pollFor(koffi, fd, callback),
  };
}

type Koffi = typeof import('koffi').default;

function filterAttacher(koffi: Koffi, library: ReturnType<Koffi['load']>): Libc['attachFilter'] {
  const program = koffi.struct({ len: 'uint16_t', filter: 'const uint8_t *' });
  const setsockopt = library.func('setsockopt', 'int', ['int', 'int', 'int', koffi.pointer(program), 'uint32_t']) as KoffiFunc<
    (fd: number, level: number, option: number, program: { len: number; filter: Uint8Array }, size: number) => number
  >;
  const size = koffi.sizeof(program);
  return (fd, filter) => setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, { len: filter.length / FILTER_SIZE, filter }, size);
}

/**
 * Waits inside Node.js's own event loop (uv_poll through koffi): no thread, no timer. libuv stops a handle whose
 * socket has an error, as a netlink socket has after an overrun, so it is started again after each callback that
 * reports one. The callback runs from setImmediate, because koffi's own runs outside of Node.js's callback scope
 * and would leave promises waiting.
 */
function pollFor(koffi: Koffi, fd: number, callback: () => void): Disposable {
  let open = true;
  const handle = koffi.node.poll(fd, { readable: true }, ready);
  function ready(): void {
    handle.stop();
    setImmediate(() => {
      if (!open) return;
      callback();
      // The callback may have disposed of this.
      if (open) handle.start({ readable: true }, ready);
    });
  }
  return {
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      handle.close();
    },
  };
}
