import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How much larger than what is in use a heap is that a rush has left behind. */
const GROWN = 1.5;
/** The first may only finish what V8 had begun during the rush, when all of that was in use. */
const PASSES = 2;

/** Bytes in use when it was looked first, or collected last. */
let inUse: number | undefined;
let collect: (() => void) | undefined;

/**
 * Makes V8's heap small again where it has grown since this was called first. V8 does so only when much is allocated, which is
 * not the case when a rush is over. Holds the event loop for 20 to 30 ms a pass: it is for who rests.
 */
export async function collectGarbage(): Promise<void> {
  inUse ??= getHeapStatistics().used_heap_size;
  for (let pass = 0; pass < PASSES && getHeapStatistics().total_heap_size > GROWN * inUse; pass++) {
    await new Promise(setImmediate); // what has come meanwhile goes first
    collect ??= findCollector();
    collect();
    inUse = getHeapStatistics().used_heap_size;
  }
}

/** V8's own function, which it gives to contexts that are made while it may. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof found === 'function' ? () => void Reflect.apply(found, undefined, []) : () => undefined;
}
