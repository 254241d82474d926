import { beforeAll, expect, test } from 'vitest';
import { readCorpus } from './engine/corpus.ts';
import { type Outcome, supervise } from './engine/supervise.ts';
import { targets } from './targets/index.ts';

let outcomes: readonly Outcome[];
beforeAll(async () => {
  outcomes = await supervise({ targets: targets.map(({ name }) => name), seed: 1, guided: false });
}, 300_000);

test.for(targets)('$name: $summary', ({ name }, { skip }) => {
  const outcome = outcomes.find(({ target }) => target === name);
  if (outcome?.skipped !== undefined) skip(outcome.skipped);
  expect(outcome?.failure && { ...outcome.failure, input: JSON.stringify(outcome.failure.input.toString('latin1')) }).toBeUndefined();
  expect(outcome?.executions).toBeGreaterThan(0);
});

test('there is a corpus for every target, to begin with', () => {
  expect(targets.filter((target) => readCorpus(target).length === 0).map(({ name }) => name)).toEqual([]);
});
