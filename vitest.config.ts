import { defineConfig } from 'vitest/config';
import { reporters } from './scripts/vitest-reporters.ts';

// Not `module`: it is for bundlers, and leads to files that Node itself can't load.
const source = ['hawser:source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions: source },
  ssr: { resolve: { conditions: source } },
  test: {
    include: [
      'scripts/**/*.test.ts',
      'core/src/**/*.test.ts',
      'plugins/**/src/**/*.test.ts',
      'examples/*/src/**/*.test.ts',
      'bench/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', 'tests/clients/**'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is waited for comes; on a machine that has other work not within the second that is the default.
    expect: { poll: { timeout: 10_000 } },
    reporters: reporters(),
  },
});
