import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defineCollection } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { disposableController, publishAll, take } from './events.fixture.ts';

const RECORDS = defineCollection('state', 'events');

/** Enough to be read over several turns, and behind it a record that is none. */
async function spoil(core: TestCore): Promise<void> {
  for (let n = 0; n < 8_000; n += 2_000) await publishAll(core, n, n + 2_000);
  await core.metadata.write('state', (tx) => tx.put(RECORDS, 'ffffffff-000000000000', { nonsense: true }));
}

describe('a journal with a record that can’t be read', () => {
  test('fails the stream that meets it, in whatever turn that is, and nobody else', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const { signal } = controller;
    await spoil(core);
    const selective = core.events.subscribe({ signal, from: 'start', filters: ['data.n==99999'] });
    const uninterested = core.events.subscribe({ signal, from: 'start', topics: ['/other'] });
    const live = core.events.subscribe({ signal });
    await expect(selective.next()).rejects.toMatchObject({ code: 'metadata.damaged' });
    await expect(uninterested.next()).rejects.toMatchObject({ code: 'metadata.damaged' });
    expect(await take(selective, 1)).toEqual(['end']);
    await publishAll(core, 1, 2);
    expect(await take(live, 1)).toEqual([1]);
  });

  test.each(['root', 'state'] as const)(
    'where it is what the journal says of itself in the %s store, an agent starts all the same',
    async (store) => {
      const folder = await mkdtemp(join(tmpdir(), 'hwt-events-'));
      await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
      let last: string | undefined;
      {
        await using core = await startCore({ context: testContext(), folder });
        await publishAll(core, 0, 3);
        last = [...core.events.history()].at(-1)?.cursor;
        await core.metadata.write(store, (tx) => tx.put(defineCollection(store, 'events_state'), 'journal', 'nonsense'));
      }
      await using core = await startCore({ context: testContext(), folder });
      using controller = disposableController();
      await publishAll(core, 3, 4);
      expect([...core.events.history()].map(({ data }) => data['n'])).toEqual([0, 1, 2, 3]);
      expect(last !== undefined && last < ([...core.events.history()].at(-1)?.cursor ?? '')).toBe(true);
      // It could have said that a reboot has taken something: whoever goes on from before is told so.
      const stream = core.events.subscribe({ signal: controller.signal, from: last ?? '' });
      expect(await take(stream, 1)).toEqual([{ lagged: 0 }]);
    },
  );
});
