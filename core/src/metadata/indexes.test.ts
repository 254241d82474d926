import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFilter } from '../filters/index.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { checkIndex, defineIndex, indexesOf, keysByTerm, updateIndex } from './indexes.ts';
import { defineLabelIndex, labelTerm } from './label-index.ts';
import { commonValue, planScan } from './plan-scan.ts';
import { defineCollection, type ReadTransaction, type Transaction } from './store.ts';

type Thing = { readonly labels: Readonly<Record<string, string>> };
const THINGS = defineCollection<Thing>('state', 'indexed_things');
const BY_LABEL = defineLabelIndex(THINGS);
const termOf = (filter: string): string => {
  const [selector] = parseFilter(filter).selectors;
  return (selector && labelTerm(selector)) ?? '';
};
const find = (tx: ReadTransaction, filter: string, after?: string) => [...keysByTerm(tx, BY_LABEL, termOf(filter), after)];

function write(tx: Transaction, key: string, labels: Thing['labels'] | undefined): void {
  const before = tx.get(THINGS, key);
  const after = labels && { labels };
  if (after === undefined) tx.delete(THINGS, key);
  else tx.put(THINGS, key, after);
  updateIndex(tx, BY_LABEL, key, before, after);
}

test('an index finds the keys of a term in their order, from behind a key on', async () => {
  await using core = await startCore({ context: testContext() });
  await core.metadata.write('state', (tx) => {
    for (const key of ['b', 'a', 'c', 'a\0z']) write(tx, key, { app: 'web' });
    write(tx, 'd', { app: 'db' });
    write(tx, 'e', { 'app.x': 'web', long: 'x'.repeat(4000) });
    write(tx, 'k'.repeat(1024), { app: 'db' });
  });
  core.metadata.read('state', (tx) => {
    expect(find(tx, 'labels.app==web')).toEqual(['a', 'a\0z', 'b', 'c']);
    expect(find(tx, 'labels.app==web', 'a')).toEqual(['a\0z', 'b', 'c']);
    expect(find(tx, 'labels.app==web', 'a\0z')).toEqual(['b', 'c']);
    expect(find(tx, 'labels.app==web', 'c')).toEqual([]);
    expect(find(tx, 'labels."app.x"==web')).toEqual(['e']);
    expect(find(tx, `labels.long==${'x'.repeat(4000)}`)).toEqual(['e']);
    expect(find(tx, 'labels.app==db')).toEqual(['d', 'k'.repeat(1024)]);
    expect(find(tx, 'labels.app==none')).toEqual([]);
    expect(find(tx.in('other'), 'labels.app==web')).toEqual([]);
  });
});

test('what is written with every attachment is not indexed: an entry would be a write of each ADD', async () => {
  await using core = await startCore({ context: testContext() });
  await core.metadata.write('state', (tx) => write(tx, 'a', { 'gc.root': 'x', 'gc.expire': 'y', 'hawser.dev/attachment': 'z' }));
  expect(core.metadata.read('state', (tx) => [...tx.keys(BY_LABEL.entries)])).toEqual([]);
  expect(termOf('labels."gc.root"==x')).toBe('');
});

test('an index agrees with a scan after random writes, and its rebuilding changes nothing then', async () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'gc.root', 'ä'), fc.constantFrom('1', '2', '𝄞'), { maxKeys: 3 });
  const step = fc.tuple(fc.constantFrom('k1', 'k2', 'k\0', 'ü'), fc.option(labels, { nil: undefined }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 6 }), async (transactions) => {
      await using core = await startCore({ context: testContext() });
      for (const steps of transactions) {
        const run = core.metadata.write('state', (tx) => {
          for (const [key, value] of steps) write(tx, key, value);
          if (steps.some(([, , dies]) => dies) && steps.length > 4) throw new Error('aborted');
        });
        await run.catch(() => undefined);
      }
      core.metadata.read('state', (tx) => {
        expect(checkIndex(tx, BY_LABEL)).toEqual({ missing: [], stale: [] });
        for (const label of ['a', 'b', 'ä'])
          for (const value of ['1', '2', '𝄞']) {
            const scanned = Array.from(tx.entries(THINGS)).filter(([, thing]) => thing.labels[label] === value);
            expect(find(tx, `labels."${label}"==${value}`)).toEqual(scanned.map(([key]) => key));
          }
      });
    }),
    { numRuns: 40 },
  );
});

test('what is missing in an index or left over in it is found, and rebuilding mends it', async () => {
  await using core = await startCore({ context: testContext() });
  const registered = indexesOf('state').find(({ name }) => name === BY_LABEL.entries.name);
  await core.metadata.write('state', (tx) => {
    write(tx, 'a', { app: 'web' });
    tx.put(THINGS, 'forgotten', { labels: { app: 'web' } });
    tx.delete(THINGS, 'a');
  });
  const check = () => core.metadata.read('state', (tx) => registered?.check(tx));
  expect(check()).toEqual({
    missing: [expect.stringMatching(/^[\w-]{22}\0forgotten$/)],
    stale: [expect.stringMatching(/^[\w-]{22}\0a$/)],
  });
  await core.metadata.write('state', (tx) => registered?.rebuild(tx));
  expect(check()).toEqual({ missing: [], stale: [] });
  expect(core.metadata.read('state', (tx) => find(tx, 'labels.app==web'))).toEqual(['forgotten']);
});

test('a name stands for one index', () => {
  expect(() => defineIndex(THINGS, 'label', () => [])).toThrow('there is an index state/indexed_things.by_label already');
});

test('a scan is planned by indexes where each of the filters has a selector that one serves', () => {
  const keys: Readonly<Record<string, readonly string[]>> = { x: ['a', 'c', '\u{fffd}', '𝄞'], y: ['b', 'c', '𝄞'] };
  const plan = (...texts: string[]) => {
    const source = planScan(texts.map(parseFilter), (selector) => {
      const found = selector.operator === '==' && selector.path[0] === 'f' ? keys[selector.value] : undefined;
      return found && (() => found);
    });
    return source && [...source(undefined)];
  };
  expect(plan('f==x')).toEqual(keys['x']);
  expect(plan('other==1,f==y,f==x')).toEqual(keys['y']);
  expect(plan('f==x', 'f==y')).toEqual(['a', 'b', 'c', '\u{fffd}', '𝄞']);
  expect(plan('f==x', 'other==1')).toBeUndefined();
  expect(plan('f!=x')).toBeUndefined();
  expect(plan()).toBeUndefined();
});

test('a scan is narrowed by a value that all filters ask for', () => {
  const common = (...texts: string[]) => commonValue(texts.map(parseFilter), 'type');
  expect(common('type==a,x', 'y,type==a')).toBe('a');
  expect(common('type==a', 'type==b')).toBeUndefined();
  expect(common('type==a', 'x')).toBeUndefined();
  expect(common('type!=a')).toBeUndefined();
  expect(common('type.x==a')).toBeUndefined();
  expect(common()).toBeUndefined();
});
