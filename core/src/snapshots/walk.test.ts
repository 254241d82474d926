import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { openType, ROOTED, signal } from '../testing/garbage.fixture.ts';

const collect = async (core: TestCore, options: { filters?: readonly string[]; batch?: number } = {}) => {
  const found: string[] = [];
  for await (const { key } of core.snapshots.walk({ store: 'state', signal, ...options })) found.push(key);
  return found;
};
const key = (n: number) => `k${String(n).padStart(4, '0')}`;

async function open(count: number) {
  const core = await startCore({ context: testContext() });
  const things = openType(core, 'thing');
  await core.metadata.write('state', (tx) => {
    for (let n = 0; n < count; n++) things.make(tx, key(n), { labels: { ...ROOTED, odd: n % 2 === 1 ? 'yes' : 'no' } });
  });
  return { core, things };
}

test('a walk gives everything, in batches, also where a batch holds nothing that is meant', async () => {
  const { core, things } = await open(2_500);
  await using _core = core;
  using _things = things;
  expect(await collect(core)).toHaveLength(2_500);
  expect(await collect(core, { filters: [`key==${key(2_400)}`] })).toEqual([key(2_400)]);
  expect(await collect(core, { filters: ['labels.odd==yes'], batch: 7 })).toHaveLength(1_250);
  expect(await collect(core, { filters: ['key~=0{4}$', `name==thing/${key(9)}`] })).toEqual([key(0), key(9)]);
});

test('a walk is outside of every transaction: whoever takes what it gives may write meanwhile', async () => {
  const { core, things } = await open(100);
  await using _core = core;
  using _things = things;
  const given: string[] = [];
  for await (const snapshot of core.snapshots.walk({ store: 'state', signal, batch: 10 })) {
    given.push(snapshot.key);
    await core.metadata.write('state', (tx) => {
      things.remove(tx, snapshot.key);
      things.make(tx, `a${snapshot.key}`, { labels: ROOTED });
    });
  }
  expect(given).toEqual(Array.from({ length: 100 }, (_, n) => key(n)));
});

test('a walk by parents gives all that stands on one, whatever else it stands on', async () => {
  const { core, things } = await open(2);
  await using _core = core;
  using _things = things;
  await core.metadata.write('state', (tx) => {
    things.make(tx, 'on0', { parents: [`thing/${key(0)}`], labels: ROOTED });
    things.make(tx, 'on1', { parents: [`thing/${key(1)}`], labels: ROOTED });
    things.make(tx, 'on both', { parents: [`thing/${key(0)}`, `thing/${key(1)}`], labels: ROOTED });
  });
  expect(await collect(core, { filters: [`parents==thing/${key(1)}`] })).toEqual(['on both', 'on1']);
});

test('a walk of another namespace sees that alone; one that is told to end, ends', async () => {
  const { core, things } = await open(600);
  await using _core = core;
  using _things = things;
  await core.namespaces.create('blue');
  await core.metadata.write('state', (tx) => things.make(tx, 'there', { labels: ROOTED }), { namespace: 'blue' });
  const there: string[] = [];
  for await (const snapshot of core.snapshots.walk({ store: 'state', namespace: 'blue', signal })) there.push(snapshot.key);
  expect(there).toEqual(['there']);
  const ending = new AbortController();
  const seen: string[] = [];
  const walk = async () => {
    for await (const snapshot of core.snapshots.walk({ store: 'state', signal: ending.signal })) {
      seen.push(snapshot.key);
      ending.abort(new Error('enough'));
    }
  };
  await expect(walk()).rejects.toThrow('enough');
  expect(seen).toHaveLength(250);
});

test('a page goes on behind a key whatever the next ones begin with', async () => {
  const { core, things } = await open(0);
  await using _core = core;
  using _things = things;
  const given = ['a', 'b', '\u{10ffff}', '\u{10ffff}x'];
  await core.metadata.write('state', (tx) => given.forEach((one) => things.make(tx, one, { labels: ROOTED })));
  const keys = (range: { after?: string; prefix?: string }) =>
    core.metadata.read('state', (tx) => Array.from(things.walk(tx, range), (snapshot) => snapshot.key));
  expect([keys({}), keys({ after: 'a' })]).toEqual([given, given.slice(1)]);
  expect(keys({ prefix: '\u{10ffff}', after: '\u{10ffff}' })).toEqual(['\u{10ffff}x']);
});
