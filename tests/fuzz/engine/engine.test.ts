import { join } from 'node:path';
import { parseFilter, seededRandom } from '@hawser/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { common, Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { type Outcome, supervise } from './supervise.ts';

describe('what fuzzing finds', () => {
  const names = ['throws', 'hangs', 'dies', 'crawls', 'strays', 'is sound'];
  let outcomes: ReadonlyMap<string, Outcome>;
  beforeAll(async () => {
    const from = join(import.meta.dirname, 'planted.fixture.ts');
    const all = await supervise({ targets: names, seed: 1, guided: false, from, hangMs: 12_000 });
    outcomes = new Map(all.map((outcome) => [outcome.target, outcome]));
  }, 90_000);

  const failureOf = (name: string) => outcomes.get(name)?.failure;

  test('is told with the smallest input and the error', () => {
    expect(failureOf('throws')?.input.toString()).toBe('<!>');
    expect(failureOf('throws')?.error).toContain('TypeError');
  });

  test('an input that hangs is found from outside', () => {
    expect(failureOf('hangs')).toMatchObject({ error: 'an execution hung' });
    expect(failureOf('hangs')?.input.toString('latin1')).toContain('<<');
  });

  test('an input that kills the process is found from outside', () => {
    expect(failureOf('dies')?.error).toContain('SIGKILL');
    expect(failureOf('dies')?.input.toString('latin1')).toContain('!<');
  });

  test('an input that takes long is found', () => {
    expect(failureOf('crawls')?.error).toContain('of processor time');
    expect(failureOf('crawls')?.input.toString('latin1')).toContain('>>');
  });

  test('an error that nobody waits for is found', () => {
    expect(failureOf('strays')?.error).toContain('nobody waits for it');
  });

  test('what is sound stays so, whatever went before', () => {
    expect(outcomes.get('is sound')?.executions).toBeGreaterThanOrEqual(10_000);
    expect(failureOf('is sound')).toBeUndefined();
  });
});

test('what was found is tried again, however large it is', { timeout: 60_000 }, async () => {
  const from = join(import.meta.dirname, 'planted.fixture.ts');
  const input = Buffer.from(`${' '.repeat(500_000)}<!>`);
  const [outcome] = await supervise({ targets: ['throws'], seed: 1, guided: false, from, only: input.toString('base64') });
  expect(outcome?.failure?.input.equals(input)).toBe(true);
});

test('the same seed makes the same inputs', () => {
  const draw = (seed: number) => {
    const material = { random: seededRandom(seed), pieces: [Buffer.from('x')], others: [Buffer.from('other')], longest: 64 };
    return Array.from({ length: 200 }, () => mutate(Buffer.from('an input with a number, 12'), material).toString('hex'));
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((input) => input.length <= 2 * 64)).toBe(true);
});

test('coverage tells what ran for the first time', async () => {
  using coverage = await Coverage.start();
  parseFilter('a==b');
  const first = await coverage.novelty();
  expect(first.size).toBeGreaterThan(0);
  coverage.learn(first);
  parseFilter('a==b');
  expect((await coverage.novelty()).size).toBe(0);
  parseFilter('a=="b"');
  expect((await coverage.novelty()).size).toBeGreaterThan(0);
});

test.each([
  [
    [[0, 10]],
    [
      [2, 3],
      [5, 20],
    ],
    [
      [2, 3],
      [5, 10],
    ],
  ],
  [
    [
      [0, 2],
      [4, 6],
    ],
    [[2, 4]],
    [],
  ],
  [[], [[0, 1]], []],
] as const)('%j and %j have %j in common', (some, others, both) => {
  expect(common(some, others)).toEqual(both);
});
