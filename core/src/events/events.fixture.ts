import { setImmediate as turn } from 'node:timers/promises';
import type { StoreName } from '../metadata/store.ts';
import type { TestCore } from '../testing/core.ts';
import type { Envelope, Lagged } from './events.ts';

/** Publishes one event with a number, in a transaction of its own. */
export const publish = (core: TestCore, n: number, store: StoreName = 'state', topic = '/test/happened'): Promise<void> =>
  core.metadata.write(store, (tx) => core.events.publish(tx, { topic, data: { n } }));

/** Publishes the numbers up to one, without it, in one transaction. */
export const publishAll = (core: TestCore, from: number, to: number): Promise<void> =>
  core.metadata.write('state', (tx) => {
    for (let n = from; n < to; n++) core.events.publish(tx, { topic: '/test/happened', data: { n } });
  });

/** The next items: the numbers of events, how many a `Lagged` tells, `end`. */
export async function take(stream: AsyncIterator<Envelope | Lagged>, count: number): Promise<readonly unknown[]> {
  const taken: unknown[] = [];
  for (let n = 0; n < count; n++) taken.push(shown(await stream.next()));
  return taken;
}

function shown(result: IteratorResult<Envelope | Lagged, unknown>): unknown {
  if (result.done === true) return 'end';
  return 'lagged' in result.value ? { lagged: result.value.lagged } : result.value.data['n'];
}

export const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** What a journal holds. */
export const journal = (core: TestCore): readonly unknown[] => Array.from(core.events.history(), ({ data }) => data['n']);

/** Turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

export function disposableController(): AbortController & Disposable {
  const controller = new AbortController();
  return Object.assign(controller, { [Symbol.dispose]: () => controller.abort() });
}
