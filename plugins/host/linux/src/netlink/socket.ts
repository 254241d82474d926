import type { HawserError } from '@hawser/core';
import { hostErrors } from '@hawser/core/network';
import { kernelError } from '../kernel-error.ts';
import { AF_NETLINK, EAGAIN, EINTR, ENOBUFS, type Libc, MSG_TRUNC, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, SOL_SOCKET } from '../libc.ts';
import { readU32, u32, writeU16, writeU32 } from './bytes.ts';
import {
  type Message,
  Messages,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
  type Request,
  decodeVerdict,
  encodeRequests,
} from './message.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

const ADDRESS_SIZE = 12;
/** The kernel makes datagrams of at most 32 KiB for dumps; single answers are smaller. */
const BUFFER_SIZE = 128 * 1024;
/** Interrupted dumps are asked again this often; a table that changes faster is told as busy. */
const DUMP_TRIES = 10;
/** So that the answers of one send fit into the receive buffer. */
const MAX_BATCH = 64;

export interface SocketOptions {
  readonly protocol: number;
  /** Bit n - 1 for multicast group n. */
  readonly groups?: number;
  readonly nonBlocking?: boolean;
  readonly receiveTimeoutMs: number;
  /** Bytes; tried with privileges, left alone without. */
  readonly receiveBuffer?: number;
}

/** Opens and binds; must be called inside the namespace that the socket is for. */
export function openNetlink(libc: Libc, options: SocketOptions): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (options.nonBlocking === true ? SOCK_NONBLOCK : 0), options.protocol);
  if (fd < 0) throw kernelError({ errno: libc.errno(), doing: 'open a netlink socket' });
  const address = Buffer.alloc(ADDRESS_SIZE);
  writeU16(address, AF_NETLINK);
  writeU32(address, options.groups ?? 0, 8);
  if (libc.bind(fd, address) !== 0) {
    const error = kernelError({ errno: libc.errno(), doing: 'bind a netlink socket' });
    libc.close(fd);
    throw error;
  }
  // Kernels without one of these answer less well and still answer.
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) libc.setsockopt(fd, SOL_NETLINK, option, u32(1));
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval(options.receiveTimeoutMs));
  if (options.receiveBuffer !== undefined) libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, u32(options.receiveBuffer));
  return fd;
}

/** struct timeval where `long` has 64 bits, as on every machine that Node.js 22 runs Linux on. */
function timeval(ms: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(Math.trunc(ms / 1000)), BigInt(Math.trunc((ms % 1000) * 1000))).buffer);
}

/** How one request of several went. */
export interface Outcome {
  readonly error?: HawserError;
  readonly errno: number;
}

const WENT_WELL: Outcome = { errno: 0 };

const buffer = Buffer.alloc(BUFFER_SIZE);
const sender = Buffer.alloc(ADDRESS_SIZE);

/**
 * Asks the kernel. Everything is synchronous, because rtnetlink answers before the send returns: an answer costs 3 µs
 * and no turn of the event loop. What waits for RCU goes by `exchangeOnWorker`, on a socket of its own.
 */
export class NetlinkSocket implements Disposable {
  readonly #libc: Libc;
  readonly #reopen: () => number;
  #fd = -1;
  #closed = false;
  #sequence = 1;

  /** Nothing is opened before it is used: many handles of a namespace ask for its identity alone. */
  constructor(libc: Libc, reopen: () => number) {
    this.#libc = libc;
    this.#reopen = reopen;
  }

  get fd(): number {
    if (this.#closed) throw hostErrors.namespaceGone('this handle of a network namespace is closed');
    if (this.#fd < 0) this.#fd = this.#reopen();
    return this.#fd;
  }

  /** Carries out one request; `onReply` gets what it answers beside the acknowledgement, and may read it until it returns. */
  request(request: Request, onReply?: (message: Message) => void): void {
    const { error } = this.exchange([request], onReply)[0] ?? {};
    if (error !== undefined) throw error;
  }

  /** Carries out requests in order, all of them whatever becomes of each, in one send for up to 64. */
  exchange(requests: readonly Request[], onReply?: (message: Message) => void): readonly Outcome[] {
    const outcomes: Outcome[] = [];
    for (let start = 0; start < requests.length; start += MAX_BATCH) {
      const batch = requests.slice(start, start + MAX_BATCH);
      const first = this.#take(batch.length);
      this.#send(encodeRequests(batch, first, NLM_F_ACK), batch[0]?.doing ?? '');
      outcomes.push(...this.#collect(batch, first, onReply));
    }
    return outcomes;
  }

  /** The same while a worker thread waits for the kernel. Nobody else may use this socket meanwhile. */
  async exchangeOnWorker(requests: readonly Request[]): Promise<readonly Outcome[]> {
    const first = this.#take(requests.length);
    const bytes = encodeRequests(requests, first, NLM_F_ACK);
    await this.#sendOnWorker(bytes, requests[0]?.doing ?? '');
    return this.#collect(requests, first);
  }

  /**
   * Carries out a batch of nfnetlink on a worker thread, all or nothing, and throws the first error. The requests bring
   * their own NLM_F_ACK; the kernel answers the beginning only where the batch as a whole has failed.
   */
  async transactOnWorker({
    begin,
    requests,
    end,
  }: {
    readonly begin: Request;
    readonly requests: readonly Request[];
    readonly end: Request;
  }): Promise<void> {
    const first = this.#take(requests.length + 2);
    await this.#sendOnWorker(encodeRequests([begin, ...requests, end], first, 0), begin.doing);
    const acknowledged = new Set<number>();
    while (acknowledged.size < requests.length) {
      const message = this.#receive(begin.doing);
      while (this.#next(message, begin.doing)) {
        const index = message.sequence - first;
        const request = index === 0 ? begin : requests[index - 1];
        if (request === undefined || message.type !== NLMSG_ERROR) continue;
        const { error } = outcomeOf(message, request.doing);
        // Further answers of this batch are late ones for whoever asks next, and are passed over.
        if (error !== undefined) throw error;
        if (index > 0) acknowledged.add(index);
      }
    }
  }

  /**
   * All objects of a kind; `decode` may read a message until it returns. A dump that a change interrupts is incomplete and is
   * asked for again.
   */
  dump<T>(request: Request, decode: (message: Message) => T | undefined): readonly T[] {
    for (let tries = 0; tries < DUMP_TRIES; tries++) {
      const found = this.#dumpOnce(request, decode);
      if (found !== undefined) return found;
    }
    throw hostErrors.busy(`the kernel's tables change too fast to ${request.doing}`);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#drop();
  }

  #dumpOnce<T>(request: Request, decode: (message: Message) => T | undefined): readonly T[] | undefined {
    const sequence = this.#take(1);
    const found: T[] = [];
    let interrupted = false;
    this.#send(encodeRequests([request], sequence, NLM_F_DUMP), request.doing);
    for (;;) {
      const message = this.#receive(request.doing);
      while (this.#next(message, request.doing)) {
        if (message.sequence !== sequence) continue;
        interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          const verdict = decodeVerdict(message);
          if (verdict.errno === EINTR) return undefined;
          if (verdict.errno !== 0) throw kernelError({ ...verdict, doing: request.doing });
          return interrupted ? undefined : found;
        }
        const object = isData(message) ? decode(message) : undefined;
        if (object !== undefined) found.push(object);
      }
    }
  }

  /** Reads until the last request is answered: those before it are by then, and whose refusal has not come went well. */
  #collect(requests: readonly Request[], first: number, onReply?: (message: Message) => void): readonly Outcome[] {
    const outcomes = requests.map(() => WENT_WELL);
    const doing = requests[0]?.doing ?? '';
    for (let last = false; !last;) {
      const message = this.#receive(doing);
      while (this.#next(message, doing)) {
        const index = message.sequence - first;
        const request = requests[index];
        // Late answers to what was given up belong to nobody.
        if (request === undefined) continue;
        if (message.type === NLMSG_ERROR) {
          outcomes[index] = outcomeOf(message, request.doing);
          last ||= index === requests.length - 1;
        } else if (isData(message)) onReply?.(message);
      }
    }
    return outcomes;
  }

  #take(count: number): number {
    // Wraps long before 32 bits would, so that a batch never does.
    if (this.#sequence > 0x7fff0000) this.#sequence = 1;
    const first = this.#sequence;
    this.#sequence += count;
    return first;
  }

  #send(bytes: Buffer, doing: string): void {
    const { fd } = this;
    while (this.#libc.send(fd, bytes) < 0) {
      const errno = this.#libc.errno();
      if (errno !== EINTR) throw kernelError({ errno, doing });
    }
  }

  async #sendOnWorker(bytes: Buffer, doing: string): Promise<void> {
    const { sent, errno } = await this.#libc.sendOnWorker(this.fd, bytes).catch((cause: unknown) => {
      throw hostErrors.busy('too many calls wait for the kernel', { cause });
    });
    if (sent < 0) throw kernelError({ errno, doing });
  }

  /**
   * The messages of one datagram, to be read before anything else is received. Only the kernel (port 0) answers; whatever else
   * can send to this socket is not listened to.
   */
  #receive(doing: string): Messages {
    for (;;) {
      const size = this.#libc.recvfrom(this.#fd, buffer, MSG_TRUNC, sender);
      if (size < 0) {
        const errno = this.#libc.errno();
        if (errno !== EINTR) throw this.#broken(errno, doing);
      } else if (size > buffer.length) {
        throw this.#broken(0, doing, `${size} bytes are longer than any answer`);
      } else if (readU32(sender, 4) === 0) {
        return new Messages(buffer, size);
      }
    }
  }

  #next(messages: Messages, doing: string): boolean {
    try {
      return messages.next();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw this.#broken(0, doing, cause.message);
    }
  }

  #drop(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }

  /** After a lost or torn answer the socket's state is unknown: the next request opens another. */
  #broken(errno: number, doing: string, text?: string): HawserError {
    this.#drop();
    if (errno === EAGAIN)
      return hostErrors.busy(`the kernel did not answer in time the request to ${doing}`, { details: { errno: 'EAGAIN' } });
    if (errno === ENOBUFS)
      return hostErrors.busy(`the kernel dropped its answer to the request to ${doing}`, { details: { errno: 'ENOBUFS' } });
    if (text !== undefined) return hostErrors.kernel(`the kernel's answer to the request to ${doing} makes no sense: ${text}`);
    return kernelError({ errno, doing });
  }
}

const isData = ({ type }: Message): boolean => type !== NLMSG_NOOP && type !== NLMSG_OVERRUN && type !== NLMSG_DONE;

function outcomeOf(message: Message, doing: string): Outcome {
  const verdict = decodeVerdict(message);
  return verdict.errno === 0 ? WENT_WELL : { errno: verdict.errno, error: kernelError({ ...verdict, doing }) };
}
