import * as fc from 'fast-check';
import { decodeAddress } from '../../../plugins/host/linux/src/netlink/address.ts';
import { attribute, encodeAttributes, nest } from '../../../plugins/host/linux/src/netlink/attributes.ts';
import { decodeGroup, decodeLink, RTM_NEWLINK } from '../../../plugins/host/linux/src/netlink/link.ts';
import { decodeVerdict, type Message, Messages } from '../../../plugins/host/linux/src/netlink/message.ts';
import { decodeNeighbour } from '../../../plugins/host/linux/src/netlink/neighbour.ts';
import { decodeRoutes } from '../../../plugins/host/linux/src/netlink/route.ts';
import { decodeRule } from '../../../plugins/host/linux/src/netlink/rule.ts';
import { NetlinkSocket } from '../../../plugins/host/linux/src/netlink/socket.ts';
import { isReply } from '../../../plugins/host/linux/src/icmp/echo.ts';
import { scriptedLibc } from '../../../plugins/host/linux/src/testing/scripted-libc.ts';
import { decodeEvents } from '../../../plugins/host/linux/src/watch.ts';
import { hold, unlessRefused } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const u16 = (value: number): Buffer => Buffer.of(value & 0xff, value >> 8);
const u32 = (value: number): Buffer => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)]);

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc.constantFrom('eth0\0', 'veth\0', 'bridge\0').map((text) => Buffer.from(text)),
);
const leaf = fc.tuple(fc.nat(60), payload).map(([type, bytes]) => attribute(type, bytes));
const nested = fc.tuple(fc.nat(60), fc.array(leaf, { maxLength: 4 })).map(([type, inner]) => nest(type, inner));
const TYPES = [1, 2, 3, 4, 16, 17, 20, 21, 24, 25, 28, 29, 32, 33, 80];
const message = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.nat(0x3ff),
    fc.nat(4),
    fc.uint8Array({ minLength: 8, maxLength: 20 }),
    fc.array(fc.oneof(leaf, nested), { maxLength: 6 }),
  )
  .map(([type, flags, sequence, header, attributes]) => {
    const body = Buffer.concat([header, Buffer.alloc((4 - (header.length % 4)) % 4), encodeAttributes(attributes)]);
    return Buffer.concat([u32(16 + body.length), u16(type), u16(flags), u32(sequence), u32(0), body]);
  });

const PIECES = [
  u32(16),
  u32(20),
  u32(0),
  u32(0xffffffff),
  u16(4),
  u16(0),
  u16(3),
  u16(8),
  u16(0x8012),
  u16(RTM_NEWLINK),
  Buffer.from('veth\0'),
];

/** What the kernel sends, and what a broken one might. */
export const netlink: FuzzTarget = {
  name: 'netlink',
  summary:
    'netlink datagrams, truncated, with wrong lengths and nested garbage: each decoder ends, and gives what its type says or nothing',
  format: 'bytes',
  pieces: PIECES,
  grammar: fc.array(message, { minLength: 1, maxLength: 3 }).map((messages) => Buffer.concat(messages)),
  runs: 1_500,
  open: () => ({
    attempt(input) {
      const messages = new Messages(input);
      for (let count = 0; goesOn(messages); count++) {
        hold(count <= input.length / 16, 'more messages than there is room for');
        hold(messages.start <= messages.end && messages.end <= input.length, 'a message beyond its datagram');
        decodeAll(messages);
      }
      // Also as the payload of a message, so that garbage need not get past the lengths first.
      for (const type of TYPES)
        decodeAll({ type, flags: input.length % 2 === 0 ? 0x200 : 0x300, sequence: 1, port: 0, bytes: input, start: 0, end: input.length });
      for (const event of decodeEvents(input, new Map([[1, 'eth0']]))) hold(typeof event.type === 'string', 'an event without a type');
      isReply(input, 4, Buffer.from('data'));
      isReply(input, 6, Buffer.from('data'));
    },
  }),
};

function goesOn(messages: Messages): boolean {
  try {
    return messages.next();
  } catch (error) {
    // That is what it says of a message that does not fit.
    if (error instanceof RangeError && error.message.startsWith('a netlink message')) return false;
    throw error;
  }
}

function decodeAll(message: Message): void {
  const link = decodeLink(message);
  if (link !== undefined) hold(link.name !== '' && Number.isInteger(link.index), 'a link without name or index');
  decodeGroup(message);
  decodeAddress(message);
  for (const route of decodeRoutes(message)) hold(typeof route.dst === 'string', 'a route without a destination');
  decodeRule(message);
  decodeNeighbour(message);
  const { errno } = decodeVerdict(message);
  hold(Number.isInteger(errno) && errno >= 0, 'a verdict without a number');
}

const REQUEST = { type: 18, header: Buffer.alloc(16), doing: 'look at a link' };

/** The socket that asks: what comes back is what was made up. */
export const netlinkAnswers: FuzzTarget = {
  name: 'netlink-answers',
  summary: 'answers to requests, batches and dumps: each ends with an outcome or an error of the host, whatever the kernel says',
  format: 'bytes',
  pieces: PIECES,
  grammar: netlink.grammar ?? fc.constant(''),
  runs: 800,
  open: () => ({
    attempt(input) {
      const script = scriptedLibc();
      let fd = 100;
      const middle = input.length >> 1;
      script.answer = () => [
        { bytes: input },
        { bytes: input.subarray(middle), port: input[0] ?? 0 },
        { bytes: input.subarray(0, middle) },
      ];
      using socket = new NetlinkSocket(script.libc, () => fd++);
      const asking = [
        () => socket.request(REQUEST, (message) => void decodeLink(message)),
        () => socket.exchange([REQUEST, REQUEST, REQUEST], decodeAll),
        () => socket.dump(REQUEST, decodeLink),
      ];
      for (const ask of asking) unlessRefused('host', ask);
      hold(script.calls.length < 1_000, 'it asks again and again');
    },
  }),
};
