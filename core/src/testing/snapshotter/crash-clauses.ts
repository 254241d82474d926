import { describe, expect, it } from 'vitest';
import { expectAgreement, keys, type Life, name, ROOTED, signal, type SnapshotterBench } from './bench.ts';

const POINTS = ['after_reservation', 'after_prepare', 'after_record', 'before_commit', 'after_commit', 'before_remove', 'after_remove'].map(
  (point) => `snapshots.${point}`,
);

/** Everything that a snapshot goes through. */
async function story({ core, snapshotter }: Life): Promise<void> {
  await snapshotter.prepare('base', ROOTED);
  await snapshotter.commit('base', { signal });
  await snapshotter.prepare('top', { ...ROOTED, parents: [name('base')] });
  await snapshotter.commit('top', { signal });
  await snapshotter.remove('top');
  await core.gc.run({ signal });
}

/** From the n-th passing of a point on nothing goes on, as in a process that is dead. `died` settles there. */
function mortal(point: string, nth: number) {
  const { promise: died, resolve } = Promise.withResolvers<void>();
  let passed = 0;
  const reach = (reached: string): void | Promise<void> => {
    if (passed >= nth || (reached === point && ++passed >= nth)) {
      resolve();
      return new Promise(() => undefined);
    }
  };
  return { faults: { reach }, died };
}

/** Whatever dies when: nothing is lost, nothing is there twice. */
export function crashClauses(bench: SnapshotterBench): void {
  describe('a death', () => {
    it.each(POINTS.flatMap((point) => [1, 2].map((nth) => [point, nth] as const)))(
      'at %s, passing %i, leaves store and backend in agreement',
      async (point, nth) => {
        const { faults, died } = mortal(point, nth);
        const first = await bench.life(faults);
        const told = await Promise.race([story(first).then(() => 'lived'), died.then(() => 'died')]);
        const before = keys(first);
        // The store is let go of as the kernel would; what hangs goes on hanging.
        void first.snapshotter[Symbol.asyncDispose]();
        await closed(first);
        await using next = await bench.life();
        expect(keys(next)).toEqual(before);
        expect(await next.snapshotter.compared).toEqual({ orphans: [], lost: [] });
        await expectAgreement(next);
        if (told === 'lived') return;
        // It goes on from where it was.
        for (const key of ['top', 'base']) if (keys(next).includes(key)) await next.snapshotter.remove(key);
        await story(next);
        expect(keys(next)).toEqual(['base']);
        await expectAgreement(next);
      },
    );
  });

  describe('a caller who leaves', () => {
    it.each(['after_reservation', 'after_prepare'])('at %s leaves nothing', async (point) => {
      const caller = new AbortController();
      const faults = { reach: (reached: string) => void (reached === `snapshots.${point}` && caller.abort(new Error('left'))) };
      await using life = await bench.life(faults);
      await expect(life.snapshotter.prepare('a', { ...ROOTED, signal: caller.signal })).rejects.toThrow('left');
      await expect.poll(() => life.core.gc.status().condemned).toEqual([]);
      await expectAgreement(life);
      expect(keys(life)).toEqual([]);
    });
  });
}

/** Closes the store under a core of which some work hangs for ever. */
async function closed({ core }: Life): Promise<void> {
  await core[Symbol.asyncDispose]();
}
