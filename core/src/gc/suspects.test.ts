import { expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import type { NamespacedNode } from './gc.ts';
import { Suspects } from './suspects.ts';

const A: NamespacedNode = { namespace: 'default', type: 'thing', key: 'a' };
const B: NamespacedNode = { namespace: 'default', type: 'thing', key: 'b' };

function watched(look: (nodes: readonly NamespacedNode[]) => boolean) {
  const clock = heldClock();
  let runs = 0;
  return { clock, suspects: new Suspects({ clock, delayMs: 20, look, found: () => void runs++ }), runs: () => runs };
}

test('what lives on costs no run, however often it is suspected', async () => {
  const looks: (readonly NamespacedNode[])[] = [];
  const { clock, suspects, runs } = watched((nodes) => looks.push(nodes) < 0);
  suspects.add([A]);
  suspects.add([A, B]);
  await clock.advance(19);
  expect(looks).toEqual([]);
  await clock.advance(1);
  expect(looks).toEqual([[A, B]]);
  suspects.add([A]);
  await clock.advance(20);
  expect([looks.length, runs()]).toEqual([2, 0]);
});

test('one that is garbage brings a run, and so does a look that fails', async () => {
  const garbage = watched(([node]) => node?.key === 'a');
  garbage.suspects.add([A]);
  await garbage.clock.advance(20);
  expect(garbage.runs()).toBe(1);
  const broken = watched(() => {
    throw new Error('the collector is out of order');
  });
  broken.suspects.add([B]);
  await broken.clock.advance(20);
  expect(broken.runs()).toBe(1);
});

test('of very many the run finds out, which goes in slices', async () => {
  let looked = 0;
  const { clock, suspects, runs } = watched((nodes) => (looked += nodes.length) < 0);
  suspects.add(Array.from({ length: 100_000 }, (_, n) => ({ ...A, key: `k${n}` })));
  await clock.advance(20);
  expect(runs()).toBe(1);
  expect(looked).toBeLessThanOrEqual(100);
});

test('nothing is looked at after the end', async () => {
  const { clock, suspects, runs } = watched(() => true);
  suspects.add([A]);
  suspects[Symbol.dispose]();
  suspects.add([B]);
  await clock.advance(1000);
  expect(runs()).toBe(0);
});
