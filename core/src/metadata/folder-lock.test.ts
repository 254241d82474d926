import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hawser-core-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.skipIf(process.platform !== 'linux')('a disk that fails while the folder is locked is told with the name of the file', async () => {
  symlinkSync('/proc/self/mem', join(folder, 'store.lock')); // can be opened and locked, and answers EIO to who writes at its beginning
  await expect(lockFolder(folder)).rejects.toMatchObject({
    code: 'metadata.lock_failed',
    message: `${join(folder, 'store.lock')} can't be written: EIO: i/o error, write`,
  });
});
