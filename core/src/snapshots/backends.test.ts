import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBackend } from '../testing/memory-backend.ts';
import { describeSnapshotterContract } from '../testing/snapshotter-contract.ts';
import { DirectoryBackend } from './directory-backend.ts';

let memory = new MemoryBackend();
describeSnapshotterContract('memory', {
  make: () => {
    memory = new MemoryBackend();
    const backend = memory;
    return { open: () => backend, [Symbol.asyncDispose]: async () => {} };
  },
  write: async ({ id }) => {
    memory.write(typeof id === 'string' ? id : '', 5_000);
    return 5_000;
  },
});

describeSnapshotterContract('folders', {
  make: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-objects-'));
    return {
      open: () => new DirectoryBackend(join(folder, 'objects')),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  },
  write: async (mounts) => {
    const { path } = mounts;
    if (typeof path !== 'string') throw new TypeError('an active object has no path');
    await writeFile(join(path, 'file'), Buffer.alloc(100_000, 1), { flush: true });
    return 100_000;
  },
});
