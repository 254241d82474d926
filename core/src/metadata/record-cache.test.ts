import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Environment } from './environment.ts';
import { RecordCache } from './record-cache.ts';
import { encodeKey, encodeValue, readPlainly } from './record.ts';
import { defineCollection } from './store.ts';
import { WriteSet } from './write-set.ts';

const things = defineCollection<{ readonly n: number }>('root', 'things');
const keyOf = (n: number): string => encodeKey(things, `k${n}`);
const textOf = (n: number, key = n): string => encodeValue(things, keyOf(key), { n }).text;

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hawser-cache-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const step = fc.oneof(
  fc.record({ do: fc.constant('read' as const), key: fc.nat(3) }),
  fc.record({
    do: fc.constant('write' as const),
    fails: fc.boolean(),
    // Each reads what the one before it has left, and what it has changed itself.
    changes: fc.array(fc.record({ key: fc.nat(3), value: fc.option(fc.nat(9), { nil: undefined }), reads: fc.nat(3) }), { maxLength: 4 }),
  }),
);

test('whatever is read, written and taken back, a record is read as it is stored', async () => {
  const environment = new Environment(folder, { sync: false });
  const agree = (): void => {
    for (let n = 0; n < 4; n++) expect(environment.read(things, keyOf(n))).toEqual(readPlainly(environment, things, keyOf(n)));
  };
  const write = ({
    changes,
    fails,
  }: {
    readonly changes: readonly { key: number; value: number | undefined; reads: number }[];
    readonly fails: boolean;
  }) =>
    environment.transact(() => {
      for (const { key, value, reads } of changes) {
        const writes = new WriteSet(environment);
        expect(writes.read(things, keyOf(reads))).toEqual(readPlainly(writes, things, keyOf(reads)));
        if (value === undefined) writes.remove(keyOf(key));
        else writes.put(keyOf(key), textOf(value, key));
        expect(writes.read(things, keyOf(key))).toEqual(readPlainly(writes, things, keyOf(key)));
        writes.flush();
        agree();
      }
      if (fails) throw new Error('taken back');
    });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      for (const next of steps) {
        if (next.do === 'read') environment.read(things, keyOf(next.key));
        else if (next.fails) expect(() => write(next)).toThrow('taken back');
        else write(next);
        agree();
      }
    }),
    { numRuns: 200 },
  );
  await environment.close();
});

test('a view reads what was there, whatever has been read since', async () => {
  const environment = new Environment(folder, { sync: false });
  environment.transact(() => environment.put(keyOf(1), textOf(1)));
  const view = environment.view();
  environment.transact(() => environment.put(keyOf(1), textOf(2, 1)));
  expect([environment.read(things, keyOf(1)), view.pages.read(things, keyOf(1))]).toEqual([{ n: 2 }, { n: 1 }]);
  expect(environment.read(things, keyOf(1))).toEqual({ n: 2 });
  view.done();
  await environment.close();
});

test('what is shared can’t be changed', async () => {
  const environment = new Environment(folder, { sync: false });
  environment.transact(() => environment.put(keyOf(1), textOf(1)));
  const record = environment.read(things, keyOf(1));
  expect(() => Object.assign(record ?? {}, { n: 5 })).toThrow(TypeError);
  expect(environment.read(things, keyOf(1))).toBe(record);
  await environment.close();
});

test('it is bounded, in what its records take and in their length; what is asked for stays', () => {
  const cache = new RecordCache();
  const text = 'x'.repeat(2_000);
  const found = (n: number): boolean => cache.get(`k${n}`) !== undefined;
  const records = 50_000;
  for (let n = 0; n < records; n++) {
    cache.keep(`k${n}`, n, text);
    expect(found(7) || n < 7).toBe(true);
  }
  cache.keep('long', 'x', 'x'.repeat(5_000));
  expect(cache.get('long')).toBeUndefined();
  let left = 0;
  for (let n = records - 1; n >= 0; n--) left += Number(found(n));
  expect(left * text.length).toBeLessThanOrEqual(2 * 32 * 1024 * 1024);
});

test('the records of a hundred thousand snapshots stay', () => {
  const cache = new RecordCache();
  for (let n = 0; n < 100_000; n++) cache.keep(`snapshots\0default\0thing/c${n}`, n, 'x'.repeat(200));
  let left = 0;
  for (let n = 0; n < 100_000; n++) left += Number(cache.get(`snapshots\0default\0thing/c${n}`) !== undefined);
  expect(left).toBe(100_000);
});
