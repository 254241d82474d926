import type { InlineConfig } from 'vitest/node';

/** The reporters of every suite; with HAWSER_TEST_JSON also a report for programs in that file. */
export function reporters(): NonNullable<InlineConfig['reporters']> {
  const file = process.env['HAWSER_TEST_JSON'];
  const people = ['default', new URL('skip-reporter.ts', import.meta.url).pathname];
  return file === undefined ? people : [...people, ['json', { outputFile: file }]];
}
