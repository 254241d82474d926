import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How much larger than before a heap is that a rush has left behind. */
const GROWN = 1.25;

/** Bytes of the heap when it was smallest. */
let smallest = Number.POSITIVE_INFINITY;
let collect: (() => void) | undefined;

/**
 * Makes V8's heap as small as it was, where it has grown since this was called first. V8 does so only when much is allocated,
 * which is not the case when a rush is over. Holds the event loop for some 20 ms: it is for who rests.
 */
export function collectGarbage(): void {
  const size = heapBytes();
  if (size > GROWN * smallest) {
    collect ??= findCollector();
    collect();
    smallest = heapBytes();
  } else smallest = Math.min(smallest, size);
}

const heapBytes = (): number => getHeapStatistics().total_heap_size;

/** V8's own function, which it gives to contexts that are made while it may. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof found === 'function' ? () => void Reflect.apply(found, undefined, []) : () => undefined;
}
