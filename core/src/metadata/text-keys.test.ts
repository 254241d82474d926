import { expect, test } from 'vitest';
import { textKeys } from './text-keys.ts';

test.each(['a', 'things\0default\0k', 'ß\u{10ffff}😀', '\ufffd', 'x'.repeat(1978)])('%j is read as it was written', (key) => {
  const page = Buffer.alloc(2048);
  const end = textKeys.writeKey(key, page, 7);
  expect([end, textKeys.readKey(page, 7, end)]).toEqual([7 + Buffer.byteLength(key), key]);
});

test('a key that finds no room is told as the library expects it, and one that just fits is written', () => {
  const page = Buffer.alloc(8);
  expect(() => textKeys.writeKey('ßßßßx', page, 0)).toThrow(RangeError);
  expect(textKeys.writeKey('ßßßß', page, 0)).toBe(8);
});

test('bytes that are no text are no key', () => {
  expect(() => textKeys.readKey(Buffer.from([0x61, 0xff, 0x62]), 0, 3)).toThrow(expect.objectContaining({ code: 'metadata.damaged' }));
  expect(() => textKeys.readKey(Buffer.from([0xf0, 0x9f, 0x98]), 0, 3)).toThrow(expect.objectContaining({ code: 'metadata.damaged' }));
});
