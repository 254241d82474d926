import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { collectGarbage } from './collect-garbage.ts';

const heapMb = (): number => getHeapStatistics().total_heap_size / 1024 / 1024;

/** Holds many objects for as long as it takes to measure the heap. */
function heapMbWithMuchInIt(): number {
  const kept = Array.from({ length: 1_500_000 }, (_, at) => ({ at, text: `${at}` }));
  const size = heapMb();
  expect(kept).toHaveLength(1_500_000);
  return size;
}

test('a heap that has grown is made as small as it was', async () => {
  await collectGarbage();
  const before = heapMb();
  const large = heapMbWithMuchInIt();
  expect(large).toBeGreaterThan(before + 60);
  await collectGarbage();
  expect(heapMb()).toBeLessThan(large - 60);
  expect(Reflect.has(globalThis, 'gc')).toBe(false);
});
