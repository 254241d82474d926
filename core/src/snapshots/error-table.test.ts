import { describe, expect, test } from 'vitest';
import { HawserError } from '../errors/index.ts';
import type { Transaction } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { names, openType, signal } from '../testing/garbage.fixture.ts';

const data = {};

/** `base` is committed, `active` and `view` stand on it. */
async function open() {
  const core = await startCore({ context: testContext() });
  const things = openType(core, 'thing');
  await core.metadata.write('state', (tx) => {
    things.make(tx, 'base', { labels: { 'gc.root': 'yes' } });
    things.prepare(tx, 'active', { data, parents: ['thing/base'], labels: { 'gc.root': 'yes' } });
    things.view(tx, 'view', { data, parents: ['thing/base'], labels: { 'gc.root': 'yes' } });
  });
  return { core, things };
}
const outcomeOf = (core: TestCore, fn: (tx: Transaction) => unknown) =>
  core.metadata
    .write('state', (tx) => void fn(tx))
    .then(
      () => 'done',
      (error: unknown) => (error instanceof HawserError ? `${error.code}: ${error.kind}` : error),
    );

describe('the table of errors', () => {
  const rows: readonly (readonly [string, string, (tx: Transaction, things: ReturnType<typeof openType>) => unknown])[] = [
    ...['base', 'active', 'view'].flatMap((key): typeof rows => [
      [
        `prepare of a key that exists (${key})`,
        'snapshots.already_exists: AlreadyExists',
        (tx, things) => things.prepare(tx, key, { data }),
      ],
      [`view of a key that exists (${key})`, 'snapshots.already_exists: AlreadyExists', (tx, things) => things.view(tx, key, { data })],
    ]),
    ...['thing/none', 'none', 'other/base'].map((parent): (typeof rows)[number] => [
      `a parent that is missing (${parent})`,
      'snapshots.not_found: NotFound',
      (tx, things) => things.prepare(tx, 'new', { data, parents: [parent] }),
    ]),
    ...['active', 'view'].map((parent): (typeof rows)[number] => [
      `a parent that is not committed (${parent})`,
      'snapshots.invalid_parent: InvalidArgument',
      (tx, things) => things.view(tx, 'new', { data, parents: [`thing/${parent}`] }),
    ]),
    ['commit of a view', 'snapshots.failed_precondition: FailedPrecondition', (tx, things) => things.commit(tx, 'view')],
    ['commit of a committed one', 'snapshots.failed_precondition: FailedPrecondition', (tx, things) => things.commit(tx, 'base')],
    ['commit of nothing', 'snapshots.not_found: NotFound', (tx, things) => things.commit(tx, 'none')],
    ['remove of one with children', 'snapshots.has_children: FailedPrecondition', (tx, things) => things.remove(tx, 'base')],
    ['remove of nothing', 'snapshots.not_found: NotFound', (tx, things) => things.remove(tx, 'none')],
    ['stat of nothing', 'snapshots.not_found: NotFound', (tx, things) => things.stat(tx, 'none')],
    ['usage of nothing', 'snapshots.not_found: NotFound', (tx, things) => things.usage(tx, 'none')],
    ['update of nothing', 'snapshots.not_found: NotFound', (tx, things) => things.update(tx, 'none', {})],
    ['lease of nothing', 'snapshots.not_found: NotFound', (tx, things) => things.lease(tx, 'none', 'l')],
    [
      'new parents at commit for one that stands on others',
      'snapshots.failed_precondition: FailedPrecondition',
      (tx, things) => things.commit(tx, 'active', { parents: ['thing/base', 'thing/view'] }),
    ],
  ];

  test.each(rows)('%s: %s, and nothing changes', async (_what, code, attempt) => {
    const { core, things } = await open();
    await using _core = core;
    using _things = things;
    const content = () => core.metadata.read('state', (tx) => JSON.stringify([...core.snapshots.list(tx)]));
    const before = content();
    expect(await outcomeOf(core, (tx) => attempt(tx, things))).toBe(code);
    expect(content()).toBe(before);
  });

  test('a change to a condemned one, or on top of it: snapshots.failed_precondition, snapshots.invalid_parent', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing', () => new Promise(() => {}));
    await core.metadata.write('state', (tx) => (things.make(tx, 'going'), core.gc.condemn(tx, { type: 'thing', key: 'going' })));
    expect(await outcomeOf(core, (tx) => things.update(tx, 'going', {}))).toBe('snapshots.failed_precondition: FailedPrecondition');
    expect(await outcomeOf(core, (tx) => things.remove(tx, 'going'))).toBe('snapshots.failed_precondition: FailedPrecondition');
    expect(await outcomeOf(core, (tx) => things.prepare(tx, 'new', { data, parents: ['thing/going'] }))).toBe(
      'snapshots.invalid_parent: InvalidArgument',
    );
    const again = (tx: Transaction) => things.prepare(tx, 'going', { data, orExisting: true });
    expect(await outcomeOf(core, again)).toBe('snapshots.already_exists: AlreadyExists');
  });
});

test('re-parenting at commit is for one that stands on nothing', async () => {
  const { core, things } = await open();
  await using _core = core;
  using _things = things;
  await core.metadata.write('state', (tx) => {
    things.prepare(tx, 'orphan', { data, labels: { 'gc.root': 'yes' } });
    things.commit(tx, 'orphan', { parents: ['thing/base', 'thing/base'] });
    things.update(tx, 'base', { labels: { 'gc.root': '' } });
  });
  await core.gc.run({ signal });
  expect(core.metadata.read('state', (tx) => [things.stat(tx, 'orphan').parents, [...things.children(tx, 'base')]])).toEqual([
    ['thing/base'],
    ['thing/active', 'thing/orphan', 'thing/view'],
  ]);
  const onActive = (tx: Transaction) => (things.prepare(tx, 'late', { data }), things.commit(tx, 'late', { parents: ['thing/active'] }));
  expect(await outcomeOf(core, onActive)).toBe('snapshots.invalid_parent: InvalidArgument');
  const onItself = (tx: Transaction) => (things.prepare(tx, 'self', { data }), things.commit(tx, 'self', { parents: ['thing/self'] }));
  expect(await outcomeOf(core, onItself)).toBe('snapshots.invalid_parent: InvalidArgument');
});

test('usage is what its own record takes, whatever it stands on', async () => {
  const { core, things } = await open();
  await using _core = core;
  using _things = things;
  const usage = (key: string) => core.metadata.read('state', (tx) => things.usage(tx, key));
  expect(usage('active').items).toBe(1);
  expect(usage('active').bytes).toBeLessThan(300);
  await core.metadata.write('state', (tx) => things.update(tx, 'base', { labels: { big: 'x'.repeat(4_000) } }));
  expect(usage('base').bytes).toBeGreaterThan(4_000);
  expect(usage('active').bytes).toBeLessThan(300);
});

test('a view keeps what it stands on, until it is removed', async () => {
  const { core, things } = await open();
  await using _core = core;
  using _things = things;
  await core.metadata.write('state', (tx) => (things.remove(tx, 'active'), things.update(tx, 'base', { labels: { 'gc.root': '' } })));
  await core.gc.run({ signal });
  expect(names(core)).toEqual(['thing/base', 'thing/view']);
  await core.metadata.write('state', (tx) => things.remove(tx, 'view'));
  await core.gc.run({ signal });
  expect(names(core)).toEqual([]);
});

test('under a lease also what exists already is kept, whether that is refused or given back', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await core.metadata.write('state', (tx) => {
    for (const id of ['maker', 'refused', 'given']) core.leases.create(tx, { id });
    things.prepare(tx, 'a', { data: {}, lease: 'maker' });
    things.prepare(tx, 'b', { data: {}, lease: 'maker' });
  });
  const refused = (tx: Transaction) => expect(() => things.prepare(tx, 'a', { data: {} })).toThrow('thing/a exists already');
  await core.metadata.write('state', refused, { lease: 'refused' });
  const given = (tx: Transaction) => things.prepare(tx, 'b', { data: {}, orExisting: true });
  expect(await core.metadata.write('state', given, { lease: 'given' })).toMatchObject({ key: 'b', kind: 'active' });
  await core.metadata.write('state', (tx) => core.leases.delete(tx, 'maker'));
  await core.gc.run({ signal });
  expect(names(core)).toEqual(['thing/a', 'thing/b']);
});
