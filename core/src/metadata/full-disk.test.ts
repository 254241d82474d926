import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const CHILD = join(import.meta.dirname, 'testing', 'small-disk.fixture.ts');
const isPossible = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!isPossible)(
  'a new store, a migration, a copy and its way back on a disk with ever less room: carried out or refused by name, and the process lives (needs root for a mount)',
  { timeout: 120_000 },
  async ({ skip }) => {
    const disk = mkdtempSync(join(tmpdir(), 'hwt-small-'));
    try {
      // The mount is in a namespace of the child's own and goes with it.
      const script = 'mount -t tmpfs -o size=4m,mode=0755 hwt-disk "$1" || exit 77; exec "$2" --conditions=hawser:source "$3" "$1"';
      const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', disk, process.execPath, CHILD];
      const { stdout } = await run('unshare', args).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && (error.code === 77 || error.code === 'ENOENT'))
          skip('a tmpfs can’t be mounted here');
        throw error;
      });
      const outcomes: Readonly<Record<'new' | 'old' | 'copied' | 'restored', readonly string[]>> = JSON.parse(stdout);
      for (const sweep of [outcomes.new, outcomes.old]) {
        expect(sweep[0]).toBe('metadata.disk_full whole written');
        expect(sweep.at(-1)).toBe('written whole written');
        expect([...new Set(sweep)].toSorted()).toEqual(['metadata.disk_full whole written', 'written whole written']);
      }
      // The folder above the copy was made for it too; it is empty.
      expect(outcomes.copied).toEqual(['metadata.disk_full', 'filler', 'new']);
      expect(outcomes.restored).toEqual(['metadata.disk_full', 'whole', 'store', 'store.lock']);
    } finally {
      rmSync(disk, { recursive: true, force: true });
    }
  },
);
