import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { condemned, emptyCollector, fail, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';

describe('clean-ups', () => {
  test('one that fails does not stop the rest, and is tried again with back-off until it succeeds', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    let failures = 2;
    using things = openType(core, 'thing', async (key) => {
      if (key === 'bad' && failures-- > 0) throw new Error('stuck link');
    });
    await write(core, (tx) => ['bad', 'good'].forEach((key) => things.make(tx, key)));
    const report = await core.gc.run({ signal });
    expect(report).toMatchObject({ removed: [{ key: 'good' }], failed: [{ key: 'bad', error: 'stuck link' }] });
    expect(core.gc.status().condemned).toMatchObject([{ key: 'bad', attempts: 1, lastError: 'stuck link' }]);
    await context.clock.advance(999);
    expect(failures).toBe(1);
    await context.clock.advance(1);
    expect(failures).toBe(0);
    await context.clock.advance(2000);
    expect(names(core)).toEqual([]);
    expect(condemned(core)).toEqual([]);
    expect(Array.from(core.events.history({ topics: ['/gc/failed'] }))).toHaveLength(2);
  });

  test('one that hangs past its deadline fails its caller, holds up nobody else, and counts when it ends after all', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const hanging = Promise.withResolvers<void>();
    let told = false;
    using things = openType(core, 'thing', async (key, abort) => {
      abort.addEventListener('abort', () => (told = true));
      if (key === 'hangs') await hanging.promise;
    });
    await write(core, (tx) => things.make(tx, 'hangs'));
    const collected = core.gc.collect({ type: 'thing', key: 'hangs' }, { signal });
    await expect(context.clock.runUntil(collected)).rejects.toMatchObject({ code: 'gc.cleanup_timed_out' });
    expect(told).toBe(true);
    await write(core, (tx) => things.make(tx, 'other'));
    await core.gc.collect({ type: 'thing', key: 'other' }, { signal });
    expect(names(core)).toEqual(['thing/hangs']);
    hanging.resolve();
    await core.gc.finished({ type: 'thing', key: 'hangs' }, { signal });
    expect(names(core)).toEqual([]);
  });

  test('those that hang leave their places to others of their type once they are late', async () => {
    const context = testContext();
    await using core = await startCore({ context, gc: { cleanupsAtOnce: 2, cleanupDeadlineMs: 1_000 } });
    const hanging = Promise.withResolvers<void>();
    using things = openType(core, 'thing', (key) => (key.startsWith('hangs') ? hanging.promise : Promise.resolve()));
    await write(core, (tx) => ['hangs-1', 'hangs-2', 'other'].forEach((key) => things.make(tx, key)));
    const run = core.gc.run({ signal });
    await context.clock.advance(999);
    expect(names(core)).toEqual(['thing/hangs-1', 'thing/hangs-2', 'thing/other']);
    await context.clock.advance(1);
    await run;
    expect(names(core)).toEqual(['thing/hangs-1', 'thing/hangs-2']);
    hanging.resolve();
  });

  test('one that fails for ever costs no more with each attempt', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    let attempts = 0;
    using things = openType(core, 'thing', () => {
      attempts++;
      return Promise.reject(new Error('never'));
    });
    await write(core, (tx) => things.make(tx, 'a'));
    await core.gc.run({ signal });
    const added = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
    const before = attempts;
    await context.clock.advance(20 * 60_000);
    const left = added.mock.calls.length - removed.mock.calls.length;
    vi.restoreAllMocks();
    expect(attempts - before).toBeGreaterThan(15);
    expect(left).toBeLessThan(5);
  });

  test('a caller may leave; the work goes on', async () => {
    await using core = await startCore({ context: testContext() });
    const gate = Promise.withResolvers<void>();
    using things = openType(core, 'thing', () => gate.promise);
    await write(core, (tx) => things.make(tx, 'a'));
    const caller = new AbortController();
    const collected = core.gc.collect({ type: 'thing', key: 'a' }, { signal: caller.signal });
    const ran = core.gc.run({ signal: caller.signal });
    caller.abort(new Error('gone'));
    await expect(collected).rejects.toThrow('gone');
    await expect(ran).rejects.toThrow('gone');
    gate.resolve();
    await expect.poll(() => names(core)).toEqual([]);
  });

  test('a settling clean-up answers at once and finishes when it has settled; one that fails to settle is repeated', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const first = Promise.withResolvers<void>();
    let calls = 0;
    using things = openType(core, 'thing', async () => (calls++ === 0 ? { settled: first.promise } : undefined));
    await write(core, (tx) => things.make(tx, 'a'));
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    expect(condemned(core)).toEqual(['thing/a']);
    await expect(write(core, (tx) => things.update(tx, 'a', { labels: ROOTED }))).rejects.toMatchObject({
      code: 'snapshots.failed_precondition',
    });
    const gone = core.gc.finished({ type: 'thing', key: 'a' }, { signal });
    first.reject(new Error('busy'));
    await context.clock.runUntil(gone);
    expect([calls, names(core)]).toEqual([2, []]);
  });

  test('a deletion during a clean-up is not forgotten', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const gate = Promise.withResolvers<void>();
    using things = openType(core, 'thing', (key) => (key === 'slow' ? gate.promise : Promise.resolve()));
    await context.clock.advance(200); // the first run, which would find it all the same, is over
    await write(core, (tx) => (things.make(tx, 'slow'), things.make(tx, 'late', { labels: ROOTED })));
    const run = core.gc.run({ signal });
    await context.clock.advance(0);
    await write(core, (tx) => things.update(tx, 'late', { labels: { 'gc.root': '' } }));
    await context.clock.advance(1000);
    expect(names(core)).toEqual(['thing/slow']);
    gate.resolve();
    await run;
    expect(names(core)).toEqual([]);
  });

  test('what a dead process condemned is cleaned up by the next one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'));
    try {
      {
        await using core = await startCore({ context: testContext(), folder });
        using things = openType(
          core,
          'thing',
          (_key, abort) => new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason))),
        );
        await write(core, (tx) => things.make(tx, 'a'));
        core.gc.collect({ type: 'thing', key: 'a' }, { signal }).catch(() => {});
        await expect.poll(() => condemned(core)).toEqual(['thing/a']);
      }
      const context = testContext();
      await using core = await startCore({ context, folder });
      const cleaned: string[] = [];
      using _things = openType(core, 'thing', async (key) => void cleaned.push(key));
      await context.clock.advance(200);
      expect([cleaned, names(core)]).toEqual([['a'], []]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('nor does that wait for a mark that fails', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'));
    try {
      {
        await using core = await startCore({ context: testContext(), folder });
        using things = openType(core, 'thing', () => Promise.reject(new Error('not now')));
        await write(core, (tx) => things.make(tx, 'a'));
        await core.gc.run({ signal });
        expect(condemned(core)).toEqual(['thing/a']);
      }
      const context = testContext();
      await using core = await startCore({ context, folder });
      using _broken = core.gc.register({ ...emptyCollector('broken'), keys: fail });
      using things = openType(core, 'thing');
      await write(core, (tx) => things.make(tx, 'b'));
      await context.clock.advance(5000);
      expect(core.gc.status().lastError).toContain('broken');
      expect(names(core)).toEqual(['thing/b']);
      await expect(core.gc.run({ signal })).rejects.toMatchObject({ code: 'gc.collector_failed' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a condemnation of which several hear at once is carried out once, and never against what comes after it', async () => {
    await using core = await startCore({ context: testContext() });
    const cleaned: string[] = [];
    using things = openType(core, 'thing', async (key) => void cleaned.push(key));
    await write(core, (tx) => things.make(tx, 'a'));
    // Shares the commit that condemns it, and hears of that before the run does.
    const asked = write(core, () => {}).then(() => core.gc.collect({ type: 'thing', key: 'a' }, { signal }));
    await Promise.all([core.gc.run({ signal }), asked]);
    await write(core, (tx) => things.make(tx, 'a', { labels: ROOTED }));
    await core.gc.run({ signal });
    expect([cleaned, names(core)]).toEqual([['a'], ['thing/a']]);
  });

  test('what a condemned node stands on is kept until that is finished, whoever asks for it', async () => {
    await using core = await startCore({ context: testContext() });
    const gate = Promise.withResolvers<void>();
    using parents = openType(core, 'parent', () => Promise.resolve());
    using children = openType(core, 'child', () => gate.promise);
    await write(core, (tx) => (parents.make(tx, 'p'), children.make(tx, 'c', { parents: ['parent/p'] })));
    const run = core.gc.run({ signal });
    await expect.poll(() => condemned(core)).toEqual(['child/c']);
    const asked = core.gc.collect({ type: 'parent', key: 'p' }, { signal });
    await write(core, () => {}); // comes after whatever that has written
    expect(names(core).toSorted()).toEqual(['child/c', 'parent/p']);
    expect(condemned(core)).toEqual(['child/c']);
    gate.resolve();
    await Promise.all([run, asked]);
    expect(names(core)).toEqual([]);
  });

  test('what is taken up again between mark and condemnation lives', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => things.make(tx, 'a'));
    const rescue = write(core, (tx) => things.update(tx, 'a', { labels: ROOTED }));
    await core.gc.run({ signal });
    await rescue;
    expect(names(core)).toEqual(['thing/a']);
  });

  test('collecting what is alive, gone or already collected is harmless', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => things.make(tx, 'a', { labels: ROOTED }));
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    await core.gc.collect({ type: 'thing', key: 'nothing' }, { signal });
    await core.gc.finished({ type: 'thing', key: 'a' }, { signal });
    expect(names(core)).toEqual(['thing/a']);
    await expect(core.gc.collect({ type: 'unheard', key: 'a' }, { signal })).rejects.toMatchObject({ code: 'gc.unknown_type' });
  });

  test('thousands of nodes leave no timers and no undertakings behind', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    await context.clock.advance(200);
    const waiting = context.clock.waiting;
    await write(core, (tx) => Array.from({ length: 2000 }, (_, n) => things.make(tx, `k${n}`)));
    expect((await core.gc.run({ signal })).removed).toHaveLength(2000);
    await context.clock.advance(20_000);
    expect(context.clock.waiting).toBeLessThanOrEqual(waiting);
    expect(core.gc.status()).toMatchObject({ running: false, condemned: [] });
    // An undertaking that is left would be taken for that of the next one of the name.
    await write(core, (tx) => things.make(tx, 'k0'));
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });
});
