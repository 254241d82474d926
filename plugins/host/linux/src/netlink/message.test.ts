import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageOf, messagesOf } from '../testing/messages.ts';
import { align, attribute, attributeLength, attributeType, encodeAttributes } from './attributes.ts';
import { cString, u16, u32 } from './bytes.ts';
import { type Message, Messages, NLMSG_DONE, NLMSG_ERROR, decodeVerdict, encodeRequests } from './message.ts';

const anyRequest = fc.record({
  type: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0x7ff }),
  header: fc.uint8Array({ maxLength: 32 }).filter((bytes) => bytes.length % 4 === 0),
  attributes: fc.array(fc.record({ type: fc.integer({ min: 1, max: 0x3fff }), payload: fc.uint8Array({ maxLength: 40 }) }), {
    maxLength: 5,
  }),
  doing: fc.constant('try'),
});

const error = (payload: Buffer, flags = 0): Message => messageOf(NLMSG_ERROR, payload, flags);

describe('messages', () => {
  it('come back as they were sent, one behind the other, numbered, the last to be acknowledged', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 6 }), (requests) => {
        const found = messagesOf(encodeRequests(requests, 40, 0x4));
        expect(found.map(({ type, sequence }) => ({ type, sequence }))).toEqual(
          requests.map(({ type }, index) => ({ type, sequence: 40 + index })),
        );
        for (const [index, { flags, bytes, start, end }] of found.entries()) {
          const request = requests[index];
          expect(flags).toBe((request?.flags ?? 0) | 0x1 | (index === requests.length - 1 ? 0x4 : 0));
          const attributes = start + (request?.header.length ?? 0);
          expect(Uint8Array.from(bytes.subarray(start, attributes))).toEqual(request?.header);
          const types: number[] = [];
          for (let at = attributes, length = 0; (length = attributeLength(bytes, at, end)) > 0; at += align(length))
            types.push(attributeType(bytes, at));
          expect(types).toEqual(request?.attributes.map(({ type }) => type));
        }
      }),
    );
  });

  it('torn anywhere raise RangeError or are fewer, and no bytes do harm', () => {
    const whole = encodeRequests(
      [
        { type: 16, header: Buffer.alloc(16), doing: '' },
        { type: 17, header: Buffer.alloc(16), doing: '' },
      ],
      1,
      0,
    );
    for (let size = 0; size < whole.length; size++) {
      const read = () => messagesOf(whole.subarray(0, size)).length;
      if (size === 0 || size === 32) expect(read()).toBe(size / 32);
      else expect(read).toThrow(RangeError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          for (const messages = new Messages(Buffer.from(bytes)); messages.next();) decodeVerdict(messages);
        } catch (cause) {
          expect(cause).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('verdicts', () => {
  const text = encodeAttributes([attribute(1, cString('Invalid gateway'))]);
  const header = Buffer.concat([u32(40), Buffer.alloc(12)]);

  it('have the errno', () => {
    expect(decodeVerdict(error(Buffer.concat([u32(-17), header])))).toEqual({ errno: 17 });
    expect(decodeVerdict(error(Buffer.concat([u32(0), header])))).toEqual({ errno: 0 });
  });

  it('have the kernel’s sentence behind a capped request and behind a whole one', () => {
    expect(decodeVerdict(error(Buffer.concat([u32(-22), header, text]), 0x300))).toEqual({ errno: 22, text: 'Invalid gateway' });
    expect(decodeVerdict(error(Buffer.concat([u32(-22), header, Buffer.alloc(24), text]), 0x200))).toEqual({
      errno: 22,
      text: 'Invalid gateway',
    });
  });

  it('end dumps, with a sentence or without', () => {
    const done = (payload: Buffer, flags = 0): Message => messageOf(NLMSG_DONE, payload, flags);
    expect(decodeVerdict(done(u32(0)))).toEqual({ errno: 0 });
    expect(decodeVerdict(done(Buffer.alloc(0)))).toEqual({ errno: 0 });
    expect(decodeVerdict(done(Buffer.concat([u32(-2), text]), 0x200))).toEqual({ errno: 2, text: 'Invalid gateway' });
  });

  it('whose request claims to be longer than any message are without a sentence', () => {
    const claiming = Buffer.concat([u32(0xffff_ff00), Buffer.alloc(12)]);
    expect(decodeVerdict(error(Buffer.concat([u32(-22), claiming, text]), 0x200))).toEqual({ errno: 22 });
  });

  it('without an errno are errors', () => {
    expect(decodeVerdict(error(u16(1))).errno).toBe(74);
  });
});
