import { describe, expect, test } from 'vitest';
import { HawserError } from '../errors/index.ts';
import { deleteNamespace } from '../metadata/namespace-records.ts';
import { defineCollection, type StoreName } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';

const blue = { namespace: 'blue' };
const codeOf = (error: unknown): string => (error instanceof HawserError ? error.code : String(error));
const coded = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', codeOf);
const open = () => startCore({ context: testContext() });
const lease = (core: TestCore, store: StoreName, id: string) =>
  core.metadata.write(store, (tx) => void core.leases.create(tx, { id }), blue);

describe('a writer and a deletion at the same time', () => {
  const later = (turns: number): Promise<void> =>
    turns === 0 ? Promise.resolve() : new Promise<void>((resolve) => setImmediate(resolve)).then(() => later(turns - 1));

  test.each(['root', 'state'] as const)('in the %s store: one of them is refused, in whatever order they come', async (store) => {
    await using core = await open();
    const outcomes = new Set<string>();
    for (const [before, after] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [2, 1],
      [1, 2],
    ] as const) {
      for (const writerFirst of [true, false]) {
        await core.namespaces.create('blue');
        const write = () => later(before).then(() => coded(lease(core, store, 'l')));
        const remove = () => later(after).then(() => coded(core.namespaces.delete('blue')));
        const [one, other] = await Promise.all(writerFirst ? [write(), remove()] : [remove(), write()]);
        const [written, deleted] = writerFirst ? [one, other] : [other, one];
        outcomes.add(`${written} ${deleted}`);
        const there = core.metadata.read(store, (tx) => core.leases.get(tx, 'l'), blue) !== undefined;
        expect([written === 'done', there, core.namespaces.get('blue') !== undefined]).toEqual([there, there, there]);
        if (!there) continue;
        await core.metadata.write(store, (tx) => core.leases.delete(tx, 'l'), blue);
        await core.namespaces.delete('blue');
      }
    }
    expect([...outcomes].sort()).toEqual(['done namespaces.not_empty', 'metadata.unknown_namespace done']);
  });

  test('a transaction that was admitted before is found, also where it shares the commit of the deletion', async () => {
    await using core = await open();
    await core.namespaces.create('blue');
    const things = defineCollection<number>('root', 'things');
    const outcomes = await Promise.all([
      coded(core.metadata.write('root', (tx) => tx.in('blue').put(things, 'a', 1))),
      coded(core.namespaces.delete('blue')),
      coded(core.metadata.write('root', (tx) => void tx.in('blue').delete(things, 'a'))),
      coded(core.namespaces.delete('blue')),
      coded(core.metadata.write('root', (tx) => tx.in('blue').put(things, 'b', 1))),
      coded(core.namespaces.create('blue')),
      coded(core.metadata.write('root', (tx) => tx.in('blue').put(things, 'c', 1))),
    ]);
    expect(outcomes).toEqual(['done', 'namespaces.not_empty', 'done', 'done', 'metadata.unknown_namespace', 'done', 'done']);
    expect(core.metadata.read('root', (tx) => [...tx.in('blue').keys(things)])).toEqual(['c']);
  });

  test('a deletion whose transaction aborts leaves the namespace to whoever writes into it', async () => {
    await using core = await open();
    await core.namespaces.create('blue');
    const aborted = core.metadata.write('root', (tx) => {
      deleteNamespace(tx, 'blue');
      throw new TypeError('it aborts');
    });
    const outcomes = await Promise.all([coded(aborted), coded(lease(core, 'root', 'l')), coded(lease(core, 'state', 'l'))]);
    expect(outcomes).toEqual(['TypeError: it aborts', 'done', 'done']);
    expect(core.namespaces.get('blue')).toBeDefined();
  });
});
