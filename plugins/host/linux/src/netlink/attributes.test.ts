import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attribute,
  align,
  attributeLength,
  attributeType,
  attributesOf,
  encodeAttributes,
  nest,
  nestedOf,
  payloadOf,
  stringOf,
  u16Of,
  u32Of,
  u8Of,
} from './attributes.ts';
import { cString, u16, u32, u8 } from './bytes.ts';

const anyAttribute = fc.record({ type: fc.integer({ min: 0, max: 0x3fff }), payload: fc.uint8Array({ maxLength: 300 }) });

describe('attributes', () => {
  it('come back as they were sent, in order', () => {
    fc.assert(
      fc.property(fc.array(anyAttribute, { maxLength: 20 }), (attributes) => {
        const bytes = encodeAttributes(attributes);
        const found: unknown[] = [];
        for (let at = 0, length = 0; (length = attributeLength(bytes, at, bytes.length)) > 0; at += align(length))
          found.push({ type: attributeType(bytes, at), payload: Uint8Array.from(bytes.subarray(at + 4, at + length)) });
        expect(found).toEqual(attributes);
      }),
    );
  });

  it('are padded to 4 bytes with a length that does not count the padding', () => {
    expect(encodeAttributes([attribute(3, Buffer.of(1, 2, 3, 4, 5))])).toEqual(
      Buffer.concat([u16(9), u16(3), Buffer.of(1, 2, 3, 4, 5, 0, 0, 0)]),
    );
  });

  it('hold others', () => {
    const bytes = encodeAttributes([nest(18, [attribute(1, cString('veth')), nest(2, [attribute(4, u8(1))])])]);
    const info = nestedOf(attributesOf(bytes), 18);
    expect(stringOf(info, 1)).toBe('veth');
    expect(u8Of(nestedOf(info, 2), 4)).toBe(1);
  });

  it('that are too short for a number are absent, and any bytes are read without harm', () => {
    const attributes = attributesOf(encodeAttributes([attribute(1, Buffer.of(1)), attribute(2, u32(7))]));
    expect([u16Of(attributes, 1), u32Of(attributes, 1), u32Of(attributes, 2), u32Of(attributes, 3)]).toEqual([
      undefined,
      undefined,
      7,
      undefined,
    ]);
  });

  it('of any bytes are read without harm and without a byte outside of their bounds', () => {
    const bounds = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.nat(40), fc.nat(400), fc.nat(4));
    fc.assert(
      fc.property(bounds, ([raw, start, size, type]) => {
        const end = Math.min(raw.length, start + size);
        const [inside, alone] = [attributesOf(Buffer.from(raw), start, end), attributesOf(Buffer.from(raw.subarray(start, end)))];
        for (const read of [u8Of, u16Of, u32Of, stringOf, payloadOf]) expect(read(inside, type)).toEqual(read(alone, type));
        expect(stringOf(nestedOf(inside, type), type)).toBe(stringOf(nestedOf(alone, type), type));
      }),
      { numRuns: 1_000 },
    );
  });

  it('of one type count by the last', () => {
    expect(u8Of(attributesOf(encodeAttributes([attribute(1, u8(1)), attribute(2, u8(3)), attribute(1, u8(2))])), 1)).toBe(2);
  });

  it('too long for their length field are refused', () => {
    expect(() => encodeAttributes([attribute(1, Buffer.alloc(0x10000))])).toThrow(RangeError);
  });
});
