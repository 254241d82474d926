import { describe, expect, it } from 'vitest';
import { expectAgreement, keys, type Life, name, objectsOf, owned, ROOTED, signal, type SnapshotterBench } from './bench.ts';

export function lifeClauses(bench: SnapshotterBench): void {
  describe('a snapshot', () => {
    it('is prepared, committed and stood upon, and its object is there all the time', async () => {
      await using life = await bench.life();
      const { snapshotter } = life;
      const base = await snapshotter.prepare('base', { signal, labels: { a: '1', b: '2' } });
      expect(base).toMatchObject({ kind: 'active', key: 'base', labels: { a: '1', b: '2' }, parents: [] });
      const committed = await snapshotter.commit('base', { signal, labels: { a: '', 'gc.root': 'yes' } });
      expect(committed).toMatchObject({ kind: 'committed', labels: { b: '2', 'gc.root': 'yes' }, data: { id: base.data.id } });
      const top = await snapshotter.prepare('top', { ...ROOTED, parents: [name('base')] });
      expect(top.parents).toEqual([name('base')]);
      expect(await objectsOf(life)).toEqual([base.data.id, top.data.id].sort());
      await expectAgreement(life);
      expect(keys(life)).toEqual(['base', 'top']);
    });

    it('is reached by its mounts while it is active', async () => {
      await using life = await bench.life();
      const { data } = await life.snapshotter.prepare('a', ROOTED);
      expect(life.snapshotter.mounts('a')).toEqual(data.place);
    });

    it('that is a view keeps what it looks at, and is reached by its mounts', async () => {
      await using life = await bench.life();
      const { core, snapshotter } = life;
      await snapshotter.prepare('base', { signal });
      await snapshotter.commit('base', { signal });
      const view = await snapshotter.view('look', { ...ROOTED, parents: [name('base')] });
      expect(view.kind).toBe('view');
      expect(snapshotter.mounts('look')).toEqual(view.data.place);
      await expectAgreement(life);
      expect(keys(life)).toEqual(['base', 'look']);
      await snapshotter.remove('look');
      await expectAgreement(life);
      expect([keys(life), core.gc.status().condemned]).toEqual([[], []]);
    });

    it('that stands on nothing may be put on others at commit; the parents that it has are no others', async () => {
      await using life = await bench.life();
      const { snapshotter } = life;
      await snapshotter.prepare('base', { signal });
      await snapshotter.commit('base', { signal });
      await snapshotter.prepare('late', ROOTED);
      expect((await snapshotter.commit('late', { signal, parents: [name('base')] })).parents).toEqual([name('base')]);
      await snapshotter.prepare('early', { ...ROOTED, parents: [name('base')] });
      expect((await snapshotter.commit('early', { signal, parents: [name('base')] })).parents).toEqual([name('base')]);
      await expectAgreement(life);
      expect(keys(life)).toEqual(['base', 'early', 'late']);
    });

    it('frees its key when it is removed; its object follows, and another one never gets its id', async () => {
      await using life = await bench.life();
      const { snapshotter } = life;
      const first = await snapshotter.prepare('a', ROOTED);
      await snapshotter.remove('a');
      const second = await snapshotter.prepare('a', ROOTED);
      expect(second.data.id).not.toBe(first.data.id);
      await expectAgreement(life);
      expect(await objectsOf(life)).toEqual([second.data.id]);
    });

    it('lives in its namespace', async () => {
      await using life = await bench.life();
      const { core, snapshotter } = life;
      const here = await snapshotter.prepare('a', ROOTED);
      await core.namespaces.create('blue');
      const there = await snapshotter.prepare('a', { ...ROOTED, namespace: 'blue' });
      expect(there).toMatchObject({ namespace: 'blue', key: 'a' });
      await snapshotter.remove('a');
      await core.gc.run({ signal });
      expect(await objectsOf(life)).toEqual([there.data.id]);
      expect([here.namespace, owned(life)]).toEqual(['default', []]);
      expect(snapshotter.mounts('a', { namespace: 'blue' })).toEqual(there.data.place);
    });

    it('is collected with its object when nothing keeps it: no label, no lease, no child', async () => {
      await using life = await bench.life();
      const { core, snapshotter } = life;
      await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'mine' }));
      await snapshotter.prepare('leased', { signal, lease: 'mine' });
      await snapshotter.prepare('loose', { signal });
      await expectAgreement(life);
      expect(keys(life)).toEqual(['leased']);
      await core.leases.deleteAndCollect('mine', { store: 'state', signal });
      await expectAgreement(life);
      expect(keys(life)).toEqual([]);
    });

    it('that exists already is put under the lease of who asks for it', async () => {
      await using life = await bench.life();
      const { core, snapshotter } = life;
      await core.metadata.write('state', (tx) => ['first', 'second'].map((id) => core.leases.create(tx, { id })));
      await snapshotter.prepare('a', { signal, lease: 'first' });
      await expect(snapshotter.prepare('a', { signal, lease: 'second' })).rejects.toMatchObject({ code: 'snapshots.already_exists' });
      await core.leases.deleteAndCollect('first', { store: 'state', signal });
      await expectAgreement(life);
      expect(keys(life)).toEqual(['a']);
    });

    it('that is committed is put under the lease of who commits it', async () => {
      await using life = await bench.life();
      const { core, snapshotter } = life;
      await core.metadata.write('state', (tx) => ['first', 'second'].map((id) => core.leases.create(tx, { id })));
      await snapshotter.prepare('a', { signal, lease: 'first' });
      await snapshotter.commit('a', { signal, lease: 'second' });
      await core.leases.deleteAndCollect('first', { store: 'state', signal });
      await expectAgreement(life);
      expect(keys(life)).toEqual(['a']);
    });
  });

  usageClauses(bench);
  listClauses(bench);
}

function usageClauses(bench: SnapshotterBench): void {
  it('usage is its own, not its parents’', async ({ skip }) => {
    const { write } = bench.options;
    if (write === undefined) return skip('this backend holds nothing that could be written');
    await using life = await bench.life();
    const { snapshotter } = life;
    await snapshotter.prepare('base', { signal });
    const empty = await snapshotter.usage('base', { signal });
    const bytes = await write(snapshotter.mounts('base'));
    const full = await snapshotter.usage('base', { signal });
    expect(full.bytes - empty.bytes).toBeGreaterThanOrEqual(bytes);
    expect(full.items).toBeGreaterThan(empty.items);
    await snapshotter.commit('base', { signal });
    expect(await snapshotter.usage('base', { signal })).toEqual(full);
    await snapshotter.prepare('top', { ...ROOTED, parents: [name('base')] });
    expect(await snapshotter.usage('top', { signal })).toEqual(empty);
  });
}

function listClauses(bench: SnapshotterBench): void {
  const prepared = async (life: Life, id: string): Promise<void> => {
    await life.backend.prepare({ id, kind: 'active', parents: [] }, signal);
  };

  describe('the backend', () => {
    it('removes what is there, what is gone and what never was alike', async () => {
      await using life = await bench.life();
      const id = `default.${'a'.repeat(26)}`;
      await prepared(life, id);
      for (let n = 0; n < 2; n++) await life.backend.remove(id, signal);
      await life.backend.remove(`default.${'b'.repeat(26)}`, signal);
      expect(await objectsOf(life)).toEqual([]);
    });

    it('commits again what is committed', async () => {
      await using life = await bench.life();
      const object = { id: `default.${'a'.repeat(26)}`, kind: 'active', parents: [] } as const;
      await prepared(life, object.id);
      const place = await life.backend.commit(object, signal);
      expect(await life.backend.commit(object, signal)).toEqual(place);
    });

    it('does nothing for who has gone already', async () => {
      await using life = await bench.life();
      const gone = AbortSignal.abort(new Error('gone'));
      const id = `default.${'a'.repeat(26)}`;
      await expect(life.backend.prepare({ id, kind: 'active', parents: [] }, gone)).rejects.toThrow('gone');
      expect(await objectsOf(life)).toEqual([]);
    });

    it('has something that the store doesn’t know: it is removed, after a grace', async () => {
      await using life = await bench.life();
      await life.snapshotter.compared;
      const ids = [`default.${'a'.repeat(26)}`, `blue.${'b'.repeat(26)}`];
      for (const id of ids) await prepared(life, id);
      const kept = await life.snapshotter.prepare('kept', ROOTED);
      await life[Symbol.asyncDispose]();
      await using next = await bench.life();
      expect(await next.snapshotter.compared).toEqual({ orphans: expect.arrayContaining(ids) as unknown, lost: [] });
      await next.context.clock.advance(59_000);
      expect(await objectsOf(next)).toHaveLength(3);
      await next.context.clock.advance(2_000);
      await expect.poll(() => objectsOf(next)).toEqual([kept.data.id]);
      await expectAgreement(next);
    });

    it('has lost something that the store knows: that is told, and its snapshot stays', async () => {
      await using life = await bench.life();
      const { data } = await life.snapshotter.prepare('a', ROOTED);
      await life.backend.remove(data.id, signal);
      await life[Symbol.asyncDispose]();
      await using next = await bench.life();
      const lost = [{ namespace: 'default', name: name('a'), id: data.id }];
      expect(await next.snapshotter.compared).toEqual({ orphans: [], lost });
      expect(Array.from(next.core.events.history({ topics: ['/snapshots/lost'] }), (event) => event.data)).toEqual([
        { type: 'layer', key: 'a', id: data.id },
      ]);
      expect(keys(next)).toEqual(['a']);
      await next.snapshotter.remove('a');
      await expectAgreement(next);
    });
  });
}
