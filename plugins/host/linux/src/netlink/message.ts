import { type Attribute, align, attributesOf, attributesSize, stringOf, writeAttributes } from './attributes.ts';
import { readI32, readU16, readU32, writeU16, writeU32 } from './bytes.ts';

const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** In answers: the request is left out of the error, or attributes follow it. */
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

const HEADER = 16;
const NLMSGERR_ATTR_MSG = 1;

/**
 * One message (struct nlmsghdr): length, type, flags, sequence, sender's port, then a fixed header of the type's
 * own, then attributes.
 *
 * ```
 * 0        4      6       8          12      16
 * | length | type | flags | sequence | port | header … | attributes … |
 * ```
 */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  /** The datagram, and where in it what follows the message's own header begins and ends. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What is to be sent; the socket gives it its sequence number. */
export interface Request {
  readonly type: number;
  /** Beside NLM_F_REQUEST, which every request gets. */
  readonly flags?: number;
  readonly header: Uint8Array;
  readonly attributes?: readonly Attribute[];
  /** What it does, for errors: `make link 'eth0'`. */
  readonly doing: string;
}

/**
 * Several requests one behind the other, as one send carries them; the first has `sequence`, the next one more. The last
 * has `lastFlags` besides its own: the kernel answers in order, and refusals unasked, so that one acknowledgement at the
 * end speaks for all that have none.
 */
export function encodeRequests(requests: readonly Request[], sequence: number, lastFlags: number): Buffer {
  let size = 0;
  for (const request of requests) size += sizeOf(request);
  // Of the pool, as memory of its own for each would be twice the garbage.
  const bytes = Buffer.allocUnsafe(size).fill(0);
  let at = 0;
  let next = sequence;
  for (const request of requests) {
    const last = next - sequence === requests.length - 1;
    writeU32(bytes, sizeOf(request), at);
    writeU16(bytes, request.type, at + 4);
    writeU16(bytes, NLM_F_REQUEST | (request.flags ?? 0) | (last ? lastFlags : 0), at + 6);
    writeU32(bytes, next++, at + 8);
    bytes.set(request.header, at + HEADER);
    writeAttributes(bytes, at + HEADER + align(request.header.length), request.attributes ?? NONE);
    at += sizeOf(request);
  }
  return bytes;
}

const NONE: readonly Attribute[] = [];

const sizeOf = ({ header, attributes = NONE }: Request): number => HEADER + align(header.length) + attributesSize(attributes);

/** The messages of one datagram, one after the other: it is itself the message that it stands on, so that reading makes no garbage. */
export class Messages implements Message {
  readonly bytes: Buffer;
  type = 0;
  flags = 0;
  sequence = 0;
  port = 0;
  start = 0;
  end = 0;
  readonly #size: number;
  #next = 0;

  /** The first `size` bytes are the datagram. */
  constructor(bytes: Buffer, size = bytes.length) {
    this.bytes = bytes;
    this.#size = size;
  }

  /** Goes to the next message; false behind the last. Throws RangeError at the first that doesn't fit into the datagram. */
  next(): boolean {
    const { bytes } = this;
    const at = this.#next;
    if (at >= this.#size) return false;
    const length = this.#size - at < HEADER ? 0 : readU32(bytes, at);
    if (length < HEADER || at + length > this.#size) throw new RangeError(`a netlink message does not fit into its datagram at byte ${at}`);
    this.type = readU16(bytes, at + 4);
    this.flags = readU16(bytes, at + 6);
    this.sequence = readU32(bytes, at + 8);
    this.port = readU32(bytes, at + 12);
    this.start = at + HEADER;
    this.end = at + length;
    this.#next = at + align(length);
    return true;
  }
}

/** What an NLMSG_ERROR or NLMSG_DONE says; errno 0 is success. */
export interface Verdict {
  readonly errno: number;
  /** The kernel's sentence where it has one. */
  readonly text?: string;
}

/** Reads the errno and the extended ACK. A message too short to have an errno counts as EBADMSG (74). */
export function decodeVerdict(message: Message): Verdict {
  const { bytes, start, end, type, flags } = message;
  if (end - start < 4) return { errno: type === NLMSG_DONE ? 0 : 74 };
  const errno = Math.abs(readI32(bytes, start));
  if ((flags & NLM_F_ACK_TLVS) === 0) return errno === 0 ? SUCCESS : { errno };
  const text = stringOf(attributesOf(bytes, start + verdictAttributes(message), end), NLMSGERR_ATTR_MSG);
  return text === undefined || text === '' ? { errno } : { errno, text };
}

const SUCCESS: Verdict = { errno: 0 };

/** Where the extended ACK begins: behind the errno, and in an error behind the request too, all of it or its header. */
function verdictAttributes({ type, flags, bytes, start, end }: Message): number {
  if (type === NLMSG_DONE) return 4;
  if ((flags & NLM_F_CAPPED) !== 0 || end - start < 8) return 4 + HEADER;
  // Longer than the message there is none, whatever it says; what is above 31 bits can't be aligned either.
  return 4 + align(Math.min(readU32(bytes, start + 4), end - start));
}
