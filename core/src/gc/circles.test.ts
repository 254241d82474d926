import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { ModelPlayer } from '../testing/model-player.ts';
import type { ModelStep } from '../testing/store-model.ts';

const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const [root, state] = ['root', 'state'] as const;

/** What is there after two collections. */
async function leftOf(steps: readonly ModelStep[]): Promise<readonly string[]> {
  const context = testContext();
  await using core = await startCore({ context, gc: QUIET });
  using player = new ModelPlayer(core, () => context.clock.now());
  for (const step of steps) expect(await player.play(step)).toBe('done');
  const at = context.clock.now();
  expect([await player.play({ do: 'collect', at }), await player.play({ do: 'collect', at })]).toEqual(['done', 'done']);
  return Object.keys(player.content().snapshots);
}

test('what a label of its own parent refers to goes, and the parent after it', async () => {
  expect(
    await leftOf([
      { do: 'prepare', store: state, key: 'parent', parents: [], rooted: true },
      { do: 'commit', store: state, key: 'parent', parents: [] },
      { do: 'view', store: state, key: 'child', parents: ['parent'], rooted: false },
      { do: 'refer', store: state, key: 'parent', back: false, to: { store: state, key: 'child' } },
      { do: 'collect', at: 0 },
      { do: 'root', store: state, key: 'parent', rooted: false },
    ]),
  ).toEqual([]);
});

test('a circle of labels through both stores goes, which no transaction spans', async () => {
  expect(
    await leftOf([
      { do: 'prepare', store: state, key: 'a', parents: [], rooted: true },
      { do: 'prepare', store: root, key: 'b', parents: [], rooted: false },
      { do: 'refer', store: state, key: 'a', back: false, to: { store: root, key: 'b' } },
      { do: 'refer', store: root, key: 'b', back: false, to: { store: state, key: 'a' } },
      { do: 'root', store: state, key: 'a', rooted: false },
    ]),
  ).toEqual([]);
});

test('a longer one, of labels and of parents, goes too, and what is alive beside it stays', async () => {
  const thing = (key: string, parents: readonly string[] = [], rooted = false): readonly ModelStep[] => [
    { do: 'prepare', store: state, key, parents, rooted },
    { do: 'commit', store: state, key, parents: [] },
  ];
  expect(
    await leftOf([
      ...thing('a', [], true),
      ...thing('b', ['a']),
      ...thing('c', ['b']),
      ...thing('d', [], true),
      ...thing('e', ['a'], true),
      { do: 'refer', store: state, key: 'a', back: false, to: { store: state, key: 'c' } },
      { do: 'refer', store: state, key: 'd', back: true, to: { store: state, key: 'c' } },
      { do: 'root', store: state, key: 'd', rooted: false },
      { do: 'root', store: state, key: 'a', rooted: false },
      { do: 'root', store: state, key: 'e', rooted: false },
      { do: 'root', store: state, key: 'b', rooted: true },
    ]),
  ).toEqual(['thing/a', 'thing/b', 'thing/c', 'thing/d']);
});

test('what is not there keeps nobody, whatever labels say of it', async () => {
  expect(
    await leftOf([
      { do: 'create_lease', store: state, id: 'l' },
      { do: 'prepare', store: state, key: 'kept', parents: [], rooted: false, lease: 'l' },
      { do: 'refer', store: state, key: 'kept', back: false, to: { store: state, key: 'nothing' } },
      { do: 'add_resource', store: state, id: 'l', key: 'nothing' },
      { do: 'prepare', store: root, key: 'left', parents: [], rooted: false },
      { do: 'refer', store: root, key: 'left', back: true, to: { store: state, key: 'nothing' } },
    ]),
  ).toEqual(['thing/kept']);
});
