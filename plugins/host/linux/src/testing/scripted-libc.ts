import type { Libc } from '../libc.ts';

/** What the next `recvfrom` gives: bytes from a port, or an errno. */
export type Received = { readonly bytes: Buffer; readonly port?: number } | { readonly errno: number };

export interface ScriptedLibc {
  readonly libc: Libc;
  /** Every call in order, `name arguments…`. */
  readonly calls: string[];
  /** Called for each send; what it returns is received next. */
  answer: (sent: Buffer) => readonly Received[];
  /** errno of calls by name that are to fail. */
  readonly failing: Map<string, number>;
}

/** libc without a kernel: sockets that answer as the test says. */
export function scriptedLibc(): ScriptedLibc {
  const waiting: Received[] = [];
  let errno = 0;
  let fd = 100;
  const script: Omit<ScriptedLibc, 'libc'> = { calls: [], answer: () => [], failing: new Map() };
  const call = (name: string, ...args: readonly unknown[]): number => {
    script.calls.push([name, ...args].join(' '));
    errno = script.failing.get(name) ?? 0;
    return errno === 0 ? 0 : -1;
  };
  const send = (to: number, data: Uint8Array): number => {
    if (call('send', to) < 0) return -1;
    waiting.push(...script.answer(Buffer.from(data)));
    return data.length;
  };
  const recvfrom = (from: number, into: Uint8Array, _flags: number, sender: Uint8Array): number => {
    call('recvfrom', from);
    const next = waiting.shift() ?? { errno: 11 };
    if ('errno' in next) {
      errno = next.errno;
      return -1;
    }
    into.set(next.bytes.subarray(0, into.length));
    Buffer.from(sender.buffer, sender.byteOffset, sender.length)
      .fill(0)
      .writeUInt32LE(next.port ?? 0, 4);
    return next.bytes.length;
  };
  const libc: Libc = {
    socket: (...args) => (call('socket', ...args) < 0 ? -1 : fd++),
    bind: (at) => call('bind', at),
    setsockopt: () => 0,
    attachFilter: () => 0,
    send,
    sendOnWorker: async (to, data) => ({ sent: send(to, data), errno }),
    sendto: send,
    recv: () => -1,
    recvfrom,
    ioctl: (at) => call('ioctl', at),
    setns: (at) => call('setns', at),
    unshare: () => call('unshare'),
    mount: (source, target) => call('mount', source, target),
    umount2: (target) => call('umount2', target),
    memfdCreate: () => call('memfdCreate'),
    close: (at) => call('close', at),
    errno: () => errno,
    onReadable: () => ({ [Symbol.dispose]: () => undefined }),
  };
  return Object.assign(script, { libc });
}
