import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { metadataErrors } from '../metadata/errors.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { condemned, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';

test('before a stop: garbage of any age is collected, and what waits for its next attempt begins it now', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  let failures = 1;
  using things = openType(core, 'thing', async (key) => {
    if (key === 'stuck' && failures-- > 0) throw new Error('busy');
  });
  await write(core, (tx) => things.make(tx, 'stuck'));
  await core.gc.run({ signal });
  expect(condemned(core)).toEqual(['thing/stuck']);
  await write(core, (tx) => (things.make(tx, 'young'), things.make(tx, 'live', { labels: ROOTED })));
  expect(await core.gc.drain(signal)).toEqual([]);
  expect(names(core)).toEqual(['thing/live']);
});

test('a clean-up that hangs holds up a stop for the drain deadline and no longer; the next start goes on with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'));
  try {
    {
      const context = testContext();
      await using core = await startCore({ context, folder, gc: { drainDeadlineMs: 5000 } });
      using things = openType(core, 'thing', (key, abort) =>
        key === 'hangs' ? new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason))) : Promise.resolve(),
      );
      await write(core, (tx) => (things.make(tx, 'hangs'), things.make(tx, 'goes')));
      const began = context.clock.monotonic();
      const left = await context.clock.runUntil(core.gc.drain(signal));
      expect(context.clock.monotonic() - began).toBe(5000);
      expect(left).toMatchObject([{ namespace: 'default', type: 'thing', key: 'hangs', state: 'running' }]);
    }
    const context = testContext();
    await using core = await startCore({ context, folder });
    using _things = openType(core, 'thing');
    await context.clock.advance(200);
    expect(names(core)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('who stops in a hurry does not wait for it', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(
    core,
    'thing',
    (_key, abort) => new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason))),
  );
  await write(core, (tx) => things.make(tx, 'hangs'));
  const hurry = new AbortController();
  const drained = core.gc.drain(hurry.signal);
  await expect.poll(() => condemned(core)).toEqual(['thing/hangs']);
  hurry.abort();
  expect(await drained).toHaveLength(1);
});

test('a store that cannot be read lets a stop go on', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await write(core, (tx) => things.make(tx, 'garbage'));
  const read = vi.spyOn(core.metadata, 'read').mockImplementation(() => {
    throw metadataErrors.closed('the store is closed');
  });
  try {
    expect(await core.gc.drain(signal)).toEqual([]);
  } finally {
    read.mockRestore();
  }
});
