import { expect, test } from 'vitest';
import { packageFaults } from './package-faults.ts';

const manifest = {
  bin: { hawser: 'bin/hawser.js' },
  exports: {
    '.': { 'hawser:source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
    './proto/*': './proto/*',
  },
};
const FILES = ['package.json', 'LICENSE', 'bin/hawser.js', 'dist/index.d.ts', 'dist/index.js', 'proto/a.proto'];

test('a package whose doors all lead to packed files is sound, without its sources', () => {
  expect(packageFaults(manifest, FILES)).toEqual([]);
});

test('what a door leads to and is not packed is told', () => {
  expect(packageFaults(manifest, ['package.json', 'LICENSE', 'dist/index.js'])).toEqual([
    'bin/hawser.js is not packed',
    'dist/index.d.ts is not packed',
    'proto/* is not packed',
  ]);
});

test('a package without its licence is told', () => {
  expect(
    packageFaults(
      manifest,
      FILES.filter((path) => path !== 'LICENSE'),
    ),
  ).toEqual(['LICENSE is not packed']);
});

test('caches, tests and the compiler’s notes are not to be packed', () => {
  const useless = ['dist/.compile-cache/v26/ab', 'dist/a.test.js', 'dist/b.fixture.js', 'tsconfig.tsbuildinfo'];
  expect(packageFaults(manifest, [...FILES, ...useless])).toEqual(useless.map((path) => `${path} is packed, and nobody has a use for it`));
  expect(packageFaults({ ...manifest, private: true }, useless)).toEqual([]);
});
