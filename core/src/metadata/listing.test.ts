import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldsOf } from '../filters/index.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { encodeCursor, type Listing, readPage } from './listing.ts';
import { defineCollection, type ReadTransaction } from './store.ts';

const THINGS = defineCollection<{ readonly n: number }>('state', 'things');

const listing = (tx: ReadTransaction): Listing<{ readonly n: number }, string> => ({
  name: 'things',
  scan: (_filters, after) => tx.entries(THINGS, after === undefined ? {} : { start: `${after}\0` }),
  fields: (_key, value) => fieldsOf(value),
  item: (key) => key,
});
const page = (core: TestCore, options: Parameters<typeof readPage>[1]) =>
  core.metadata.read('state', (tx) => {
    const { items, ...rest } = readPage(listing(tx), options);
    return { keys: items, ...rest };
  });
const put = (core: TestCore, entries: Readonly<Record<string, number>>) =>
  core.metadata.write('state', (tx) => {
    for (const [key, n] of Object.entries(entries)) tx.put(THINGS, key, { n });
  });

test('a listing is read in pages, each of which tells where the next begins', async () => {
  await using core = await startCore({ context: testContext() });
  await put(core, { a: 1, b: 2, c: 1, d: 2, e: 1 });
  const first = page(core, { limit: 2 });
  expect(first.keys).toEqual(['a', 'b']);
  const second = page(core, { limit: 2, after: first.next ?? '' });
  expect(second.keys).toEqual(['c', 'd']);
  expect(page(core, { limit: 2, after: second.next ?? '' })).toEqual({ keys: ['e'] });
  expect(page(core, {})).toEqual({ keys: ['a', 'b', 'c', 'd', 'e'] });
  expect(page(core, { limit: 5 })).toEqual({ keys: ['a', 'b', 'c', 'd', 'e'] });
});

test('limit bounds the items of a page, scan the records that are read for it', async () => {
  await using core = await startCore({ context: testContext() });
  await put(core, { a: 1, b: 2, c: 2, d: 1, e: 2 });
  expect(page(core, { filters: ['n==1'], limit: 1 }).keys).toEqual(['a']);
  const slice = page(core, { filters: ['n==9'], scan: 3 });
  expect(slice.keys).toEqual([]);
  expect(page(core, { filters: ['n==1'], scan: 3, after: slice.next ?? '' })).toEqual({ keys: ['d'] });
});

test('a cursor is stable under writes: what stays is listed once, whatever comes and goes between two pages', async () => {
  const key = fc.integer({ min: 0, max: 40 }).map((n) => `k${n}`);
  const changes = fc.array(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 8 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 30 }), changes, fc.integer({ min: 1, max: 5 }), async (made, rounds, limit) => {
      await using core = await startCore({ context: testContext() });
      await put(core, Object.fromEntries(made.map((one) => [one, 1])));
      const touched = new Set(rounds.flat().map(([one]) => one));
      const listed: string[] = [];
      let after: string | undefined;
      for (let round = 0; ; round++) {
        const { keys, next } = page(core, after === undefined ? { limit } : { limit, after });
        expect(keys.length).toBeLessThanOrEqual(limit);
        listed.push(...keys);
        if (next === undefined) break;
        after = next;
        await core.metadata.write('state', (tx) => {
          for (const [one, there] of rounds[round] ?? [])
            if (there) tx.put(THINGS, one, { n: 1 });
            else tx.delete(THINGS, one);
        });
      }
      expect(new Set(listed).size).toBe(listed.length);
      expect(listed.filter((one) => !touched.has(one))).toEqual(made.filter((one) => !touched.has(one)).sort());
      expect(listed).toEqual([...listed].sort());
    }),
    { numRuns: 25 },
  );
});

test('a page is what it was when it was read, while others write at the same time', async () => {
  await using core = await startCore({ context: testContext() });
  await put(core, Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${String(n).padStart(3, '0')}`, n])));
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing; n++) await put(core, { [`new${n}`]: n, k000: n });
  })();
  const listed: string[] = [];
  for (let after: string | undefined; ;) {
    const { keys, next } = page(core, { limit: 7, filters: ['n'], ...(after === undefined ? {} : { after }) });
    listed.push(...keys.filter((key) => key.startsWith('k')));
    if (next === undefined || keys.some((key) => key.startsWith('new'))) break;
    after = next;
    await new Promise(setImmediate);
  }
  writing = false;
  await writer;
  expect(listed).toHaveLength(200);
});

test('a cursor of another listing, a damaged one, a limit below one and a wrong filter are refused by name', async () => {
  await using core = await startCore({ context: testContext() });
  const cursor = encodeCursor('things', 'ä');
  expect(page(core, { after: cursor })).toEqual({ keys: [] });
  for (const after of [
    encodeCursor('others', 'a'),
    '',
    'x',
    `${cursor}=`,
    `${cursor}A`,
    'ä',
    '\0',
    encodeCursor('things', 'x'.repeat(3000)),
  ])
    expect(() => page(core, { after })).toThrow(expect.objectContaining({ code: 'metadata.invalid_cursor' }));
  for (const limit of [0, -1, Number.NaN])
    expect(() => page(core, { limit })).toThrow(expect.objectContaining({ code: 'metadata.invalid_limit' }));
  expect(() => page(core, { filters: ['n=1'] })).toThrow(expect.objectContaining({ code: 'filters.invalid' }));
});

test('fuzz: any text is either a cursor of the listing or refused by name', async () => {
  await using core = await startCore({ context: testContext() });
  await put(core, { a: 1, ä: 2 });
  const any = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.base64String({ maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 20 }).map((key) => Buffer.from(`things\0${key}`).toString('base64url')),
  );
  fc.assert(
    fc.property(any, (after) => {
      try {
        expect(page(core, { after }).keys.length).toBeLessThanOrEqual(2);
      } catch (error) {
        expect(error).toMatchObject({ code: 'metadata.invalid_cursor' });
      }
    }),
    { numRuns: 1_000 },
  );
});
