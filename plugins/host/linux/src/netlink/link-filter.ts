import { endianness } from 'node:os';
import { writeU16, writeU32 } from './bytes.ts';

/** include/uapi/linux/{bpf_common,rtnetlink,netconf}.h */
const LOAD_HALF = 0x28;
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
export const RTM_NEWNETCONF = 80;
/** In place of a link's index: the setting for all. */
export const NETCONFA_IFINDEX_ALL = -1;

/** Where a message has its type; a link or an address the index of its link; a setting that of the link it is for. */
const TYPE_AT = 4;
const INDEX_AT = 20;
export const NETCONF_INDEX_AT = 24;

const INSTRUCTION = 8;
const DROP = 0;
const WHOLE = 0xffffffff;

/** Links that one filter can name: jumps reach 255 instructions. */
export const MAX_FILTERED = 64;

/**
 * A program (classic BPF) for a socket that listens to links, addresses and settings: it lets through what is about one
 * of these links, and the settings for all. The rest, most of all what is told of every pod's link, is never queued.
 *
 * ```
 *     load type         not a setting → about
 *     load its index    all → keep, else → drop
 * about: load index     one of ours → keep
 * drop, keep
 * ```
 */
export function linkFilter(indices: readonly number[]): Buffer {
  const keep = 6 + indices.length;
  const drop = keep - 1;
  const program: (readonly [code: number, ifTrue: number, ifFalse: number, value: number])[] = [
    [LOAD_HALF, 0, 0, TYPE_AT],
    [JUMP_IF_EQUAL, 0, 2, asLoaded(RTM_NEWNETCONF, 2)],
    [LOAD_WORD, 0, 0, NETCONF_INDEX_AT],
    [JUMP_IF_EQUAL, keep - 4, drop - 4, asLoaded(NETCONFA_IFINDEX_ALL, 4)],
    [LOAD_WORD, 0, 0, INDEX_AT],
    ...indices.map((index, at) => [JUMP_IF_EQUAL, keep - (6 + at), 0, asLoaded(index, 4)] as const),
    [RETURN, 0, 0, DROP],
    [RETURN, 0, 0, WHOLE],
  ];
  const bytes = Buffer.alloc(program.length * INSTRUCTION);
  for (const [at, [code, ifTrue, ifFalse, value]] of program.entries()) {
    writeU16(bytes, code, at * INSTRUCTION);
    bytes[at * INSTRUCTION + 2] = ifTrue;
    bytes[at * INSTRUCTION + 3] = ifFalse;
    writeU32(bytes, value, at * INSTRUCTION + 4);
  }
  return bytes;
}

/** What a load gives for a number of the machine's byte order: loads take bytes for those of a network. */
function asLoaded(value: number, size: 2 | 4): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  const number = bytes.subarray(4 - size);
  if (endianness() === 'LE') number.reverse();
  return number.readUIntBE(0, size);
}
