import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callExecutable } from './executable.ts';
import { cniConfig } from './network.ts';

const EXECUTABLE = join(import.meta.dirname, '..', '..', '..', '..', 'plugins', 'cni', 'dist', 'hawser-cni');

test.skipIf(!existsSync(EXECUTABLE))('a DEL that nobody answers is kept in the tour’s own folder, and goes with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-try-'));
  try {
    const pod = { containerId: 'tour-pod-a', netns: join(folder, 'ns', 'pod-a') };
    await callExecutable(EXECUTABLE, { command: 'DEL', ...pod, config: cniConfig(folder) }, new AbortController().signal);
    expect(readdirSync(join(folder, 'root', 'tombstones'))).toEqual([expect.stringMatching(/\.del$/)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
