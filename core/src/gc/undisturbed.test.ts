import { describe, expect, test } from 'vitest';
import { seededRandom, systemContext } from '../context/index.ts';
import { startCore } from '../testing/core.ts';
import { emptyCollector, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';
import { Collectors } from './collectors.ts';
import { Undisturbed } from './undisturbed.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what a mark has found is taken at its word', () => {
  const at = (root: number, state: number) => ({ root: { begun: root }, state: { begun: state } });
  const collectors = { generation: 1 };

  test('as long as the sweep alone has written', () => {
    const undisturbed = new Undisturbed(at(5, 7), collectors);
    expect([undisturbed.holdsIn(at(5, 8), 'state'), undisturbed.holdsIn(at(5, 9), 'state'), undisturbed.holdsIn(at(6, 9), 'root')]).toEqual(
      [true, true, true],
    );
  });

  test('not where anybody has begun to write in either store, and never again then', () => {
    for (const [root, state] of [
      [5, 9],
      [6, 8],
    ] as const) {
      const undisturbed = new Undisturbed(at(5, 7), collectors);
      expect([undisturbed.holdsIn(at(root, state), 'state'), undisturbed.holdsIn(at(5, 9), 'state')]).toEqual([false, false]);
    }
  });

  test('not where a type has come or gone', () => {
    const registered = new Collectors();
    const undisturbed = (): Undisturbed => new Undisturbed(at(1, 1), registered);
    const before = undisturbed();
    const registration = registered.add(emptyCollector('card'));
    const between = undisturbed();
    registration[Symbol.dispose]();
    const after = undisturbed();
    expect([before, between, after].map((one) => one.holdsIn(at(1, 2), 'state'))).toEqual([false, false, true]);
  });
});

test('whatever is rooted between the transactions of a sweep stays, and all the rest goes', async () => {
  const random = seededRandom(7);
  await using core = await startCore({ context: systemContext, gc: { startupDelayMs: 3_600_000, mutationThreshold: 0, sliceMs: 0.05 } });
  using things = openType(core, 'thing');
  for (let round = 0; round < 5; round++) {
    const keys = Array.from({ length: 200 }, (_, n) => `r${round}-${n}`);
    await write(core, (tx) => {
      for (const key of keys) things.make(tx, key);
    });
    const rescued = new Set(names(core));
    for (const key of keys) rescued.delete(`thing/${key}`);
    let done = false;
    const rescuer = (async () => {
      for (; !done; await turn()) {
        const key = keys[random.integer(keys.length)] ?? '';
        const saved = await write(core, (tx) => {
          if (things.get(tx, key) === undefined || core.gc.isCondemned(tx, { type: 'thing', key })) return false;
          things.update(tx, key, { labels: ROOTED });
          return true;
        });
        if (saved) rescued.add(`thing/${key}`);
      }
    })();
    await core.gc.run({ signal });
    done = true;
    await rescuer;
    await core.gc.run({ signal });
    expect(names(core)).toEqual([...rescued].sort());
  }
}, 60_000);
