import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TombstoneFolder } from './tombstone-folder.ts';

test('what executables were killed in writing goes after an hour; what is being written, or is none of theirs, stays', async () => {
  const path = mkdtempSync(join(tmpdir(), 'hwt-tombstones-'));
  try {
    const now = 1_800_000_000_000;
    const written = (secondsAgo: number) => String(now / 1_000 - secondsAgo).padStart(11, '0') + '000000000-77.del';
    const stays = [written(7_200), `.${written(60)}.tmp`, '.notes.tmp'];
    for (const name of [...stays, `.${written(7_200)}.tmp`]) writeFileSync(join(path, name), '');
    await new TombstoneFolder(path).create(now);
    expect(readdirSync(path).toSorted()).toEqual(stays.toSorted());
  } finally {
    rmSync(path, { recursive: true });
  }
});
