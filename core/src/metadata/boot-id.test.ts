import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setAsideOtherBoot } from './boot-id.ts';

let base = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hwt-boot-'));
  mkdirSync(join(base, 'store'));
});
afterEach(() => rmSync(base, { recursive: true }));

test.each([
  ['another boot', 'other\n'],
  ['no boot that can be told, as after a power loss', '\0\0\0\0'],
])('a store of %s is set aside', async (_, text) => {
  writeFileSync(join(base, 'store/boot'), text);
  expect(await setAsideOtherBoot(join(base, 'store'), 'this')).toContain('store-of-');
});

test('a store whose boot can’t be read is refused and stays: it may be the one in use', async () => {
  mkdirSync(join(base, 'store/boot'));
  await expect(setAsideOtherBoot(join(base, 'store'), 'this')).rejects.toMatchObject({ code: 'metadata.open_failed' });
  expect(readdirSync(base)).toEqual(['store']);
});
