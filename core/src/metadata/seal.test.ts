import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutFlippedBit } from './flipped-bit.ts';
import { isJson } from './record.ts';
import { seal, unseal } from './seal.ts';

const KEY = 'snapshots\0default\0attachment/c1/eth0';
const JSON_TEXT = JSON.stringify({ kind: 'committed', labels: { 'gc.root': 'attached', größe: '☃' }, data: [1, null] });
const anyJson = fc.json();

/** The bytes of a text with some of their bits flipped. */
function flipped(text: string, ...bits: readonly number[]): Buffer {
  const bytes = Buffer.from(text);
  for (const bit of bits) {
    const at = (bit >> 3) % bytes.length;
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
  }
  return bytes;
}

test('a record stands in the store as it always has', () => {
  expect(seal('leases\0default\0l1', '{"labels":{}}')).toBe('{"labels":{}}[fD@IB');
});

test('what was written is given back', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), anyJson, (key, json) => void expect(unseal(key, seal(key, json))).toBe(json)));
});

describe('what was not written is told', () => {
  const text = seal(KEY, JSON_TEXT);
  const bits = Buffer.byteLength(text) * 8;

  test('any one bit, also where it is JSON still', () => {
    let stillJson = 0;
    for (let bit = 0; bit < bits; bit++) {
      const changed = flipped(text, bit).toString();
      expect(unseal(KEY, changed)).toBeUndefined();
      stillJson += Number(isJson(changed.slice(0, -6)));
    }
    expect(stillJson).toBeGreaterThan(bits / 4);
  });

  test('two and three bits, which nobody takes for one', () => {
    const several = fc.uniqueArray(fc.nat(bits - 1), { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(several, (changes) => void expect(unseal(KEY, flipped(text, ...changes).toString())).toBeUndefined()),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(bits - 1), { minLength: 2, maxLength: 2 }),
        (changes) => void expect(withoutFlippedBit(KEY, flipped(text, ...changes))).toBeUndefined(),
      ),
      { numRuns: 20 },
    );
  });

  test('another key, a part, nothing, and what has no checksum', () => {
    expect(unseal(`${KEY}0`, text)).toBeUndefined();
    for (let length = 0; length < text.length; length++) expect(unseal(KEY, text.slice(0, length))).toBeUndefined();
    expect(unseal(KEY, JSON_TEXT)).toBeUndefined();
  });
});

test('a bit that has changed is found, wherever it is', () => {
  fc.assert(
    fc.property(anyJson, fc.nat(), (json, bit) => {
      const text = seal(KEY, json);
      expect(withoutFlippedBit(KEY, flipped(text, bit % (Buffer.byteLength(text) * 8)))).toBe(json);
    }),
    { numRuns: 50 },
  );
});
