import { describe, expect, it } from 'vitest';
import { HawserError } from '../../errors/index.ts';
import { expectAgreement, keys, type Life, name, objectsOf, ROOTED, signal, type SnapshotterBench } from './bench.ts';

type Row = readonly [what: string, error: string, attempt: (life: Life) => unknown];

/** `base` is committed; `active` and `look` stand on it. */
const ROWS: readonly Row[] = [
  ['prepare of a key that exists', 'snapshots.already_exists: AlreadyExists', ({ snapshotter }) => snapshotter.prepare('active', ROOTED)],
  ['view of a key that exists', 'snapshots.already_exists: AlreadyExists', ({ snapshotter }) => snapshotter.view('base', ROOTED)],
  [
    'a parent that is missing',
    'snapshots.not_found: NotFound',
    ({ snapshotter }) => snapshotter.prepare('new', { ...ROOTED, parents: [name('none')] }),
  ],
  [
    'a parent that is active',
    'snapshots.invalid_parent: InvalidArgument',
    ({ snapshotter }) => snapshotter.prepare('new', { ...ROOTED, parents: [name('active')] }),
  ],
  [
    'a parent that is a view',
    'snapshots.invalid_parent: InvalidArgument',
    ({ snapshotter }) => snapshotter.view('new', { ...ROOTED, parents: [name('look')] }),
  ],
  ['a lease that is missing', 'leases.not_found: NotFound', ({ snapshotter }) => snapshotter.prepare('new', { signal, lease: 'none' })],
  [
    'commit under a lease that is missing',
    'leases.not_found: NotFound',
    ({ snapshotter }) => snapshotter.commit('active', { signal, lease: 'none' }),
  ],
  ['commit of a view', 'snapshots.failed_precondition: FailedPrecondition', ({ snapshotter }) => snapshotter.commit('look', { signal })],
  [
    'commit of a committed one',
    'snapshots.failed_precondition: FailedPrecondition',
    ({ snapshotter }) => snapshotter.commit('base', { signal }),
  ],
  ['commit of nothing', 'snapshots.not_found: NotFound', ({ snapshotter }) => snapshotter.commit('none', { signal })],
  [
    'new parents at commit for one that stands on others',
    'snapshots.failed_precondition: FailedPrecondition',
    ({ snapshotter }) => snapshotter.commit('active', { signal, parents: [name('base'), name('look')] }),
  ],
  ['remove of one with children', 'snapshots.has_children: FailedPrecondition', ({ snapshotter }) => snapshotter.remove('base')],
  ['remove of nothing', 'snapshots.not_found: NotFound', ({ snapshotter }) => snapshotter.remove('none')],
  ['mounts of a committed one', 'snapshots.failed_precondition: FailedPrecondition', async ({ snapshotter }) => snapshotter.mounts('base')],
  ['mounts of nothing', 'snapshots.not_found: NotFound', async ({ snapshotter }) => snapshotter.mounts('none')],
  ['usage of nothing', 'snapshots.not_found: NotFound', ({ snapshotter }) => snapshotter.usage('none', { signal })],
];

async function furnished(bench: SnapshotterBench): Promise<Life> {
  const life = await bench.life();
  await life.snapshotter.prepare('base', ROOTED);
  await life.snapshotter.commit('base', { signal });
  await life.snapshotter.prepare('active', { ...ROOTED, parents: [name('base')] });
  await life.snapshotter.view('look', { ...ROOTED, parents: [name('base')] });
  return life;
}

/** The table of errors, to the letter. */
export function errorClauses(bench: SnapshotterBench): void {
  describe('the table of errors', () => {
    it.each(ROWS)('%s: %s, and nothing changes', async (_what, expected, attempt) => {
      await using life = await furnished(bench);
      const before = await objectsOf(life);
      const outcome = await Promise.resolve(attempt(life)).catch((error: unknown) =>
        error instanceof HawserError ? `${error.code}: ${error.kind}` : error,
      );
      expect(outcome).toBe(expected);
      await expectAgreement(life);
      expect([keys(life), await objectsOf(life)]).toEqual([['active', 'base', 'look'], before]);
    });

    it('of two who prepare one key at once, one gets it and the other leaves nothing', async () => {
      await using life = await bench.life();
      const attempts = Array.from({ length: 4 }, () => life.snapshotter.prepare('a', ROOTED));
      const outcomes = await Promise.allSettled(attempts);
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(refused).toHaveLength(3);
      for (const reason of refused) expect(reason).toMatchObject({ code: 'snapshots.already_exists' });
      await expectAgreement(life);
      expect(keys(life)).toEqual(['a']);
    });

    it('of two who commit at once, both or one succeed, and it is committed', async () => {
      await using life = await bench.life();
      await life.snapshotter.prepare('a', ROOTED);
      const outcomes = await Promise.allSettled([life.snapshotter.commit('a', { signal }), life.snapshotter.commit('a', { signal })]);
      expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
      await expectAgreement(life);
      expect(life.core.metadata.read('state', (tx) => life.snapshotter.records.stat(tx, 'a').kind)).toBe('committed');
    });
  });
}
