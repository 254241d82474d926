import { expect, test } from 'vitest';
import { met, ratio, render, type Row } from './rows.ts';
import { summarize } from './statistics.ts';

const row = (ours: number, rest: Partial<Row> = {}): Row => ({ name: 'add', unit: 'ms', ours: summarize([ours]), ...rest });

test('a ratio target compares medians, and says nothing without a reference', () => {
  const compared = row(2, { reference: summarize([10]), target: { ratio: 0.4 } });
  expect(ratio(compared)).toBe(0.2);
  expect(met(compared)).toBe(true);
  expect(met({ ...compared, target: { ratio: 0.1 } })).toBe(false);
  expect(met(row(2, { target: { ratio: 0.4 } }))).toBeUndefined();
});

test('an absolute target needs no reference', () => {
  expect(met(row(301, { target: { atMost: 300 } }))).toBe(false);
  expect(met(row(300, { target: { atMost: 300 } }))).toBe(true);
});

test('the table shows what was missed', () => {
  expect(render([row(5, { reference: summarize([10]), target: { ratio: 0.4 } })])).toMatch(
    /^add +5\.00 ms .+ 10\.0 ms .+0\.50× +≤ 0\.4× +FAIL$/m,
  );
});
