import { defineConfig } from 'vitest/config';
import { reporters } from './scripts/vitest-reporters.ts';

/** Real clients, one at a time: they share a kernel, and the fixed folders that some of them insist on. */
export default defineConfig({
  test: {
    include: ['tests/clients/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    reporters: reporters(),
  },
});
