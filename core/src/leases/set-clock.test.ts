import { describe, expect, test } from 'vitest';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { names, openType, signal, write } from '../testing/garbage.fixture.ts';

const HOUR = 3_600_000;
const LEASE = { id: 'l', expiresInMs: 60_000 };
const leases = (core: TestCore): readonly string[] => core.metadata.read('state', (tx) => Array.from(core.leases.list(tx), ({ id }) => id));

/** Of a machine whose clock somebody sets while it runs. */
async function started() {
  const context = testContext({ start: Date.UTC(2026, 0, 1) });
  const core = await startCore({ context });
  return { core, clock: context.clock, [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
}

describe.each([24 * HOUR, -24 * HOUR, 50 * 365 * 24 * HOUR])('a clock that is set by %i ms', (by) => {
  test('neither ends nor keeps a lease of a minute, made before or after, and what is under it stays as long', async () => {
    await using machine = await started();
    const { core, clock } = machine;
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      core.leases.create(tx, LEASE);
      things.make(tx, 'a');
      core.leases.addResource(tx, 'l', { type: 'thing', key: 'a' });
    });
    await clock.advance(30_000);
    clock.setBy(by);
    await core.gc.run({ signal });
    expect([leases(core), names(core)]).toEqual([['l'], ['thing/a']]);
    await write(core, (tx) => core.leases.create(tx, { ...LEASE, id: 'later' }));
    await clock.advance(29_000);
    await core.gc.run({ signal });
    expect([leases(core), names(core)]).toEqual([['l', 'later'], ['thing/a']]);
    await clock.advance(1_000);
    await core.gc.run({ signal });
    expect([leases(core), names(core)]).toEqual([['later'], []]);
    await clock.advance(29_000);
    await core.gc.run({ signal });
    expect(leases(core)).toEqual(['later']);
  });

  test.each([0, -by])('lets what was released afterwards come free on time, also when it is then set by %i ms', async (back) => {
    await using machine = await started();
    const { core, clock } = machine;
    const claim = { type: 'address', key: '10.0.0.1', holder: { containerId: 'c', ifname: 'eth0' }, data: {}, cooldownMs: 60_000 };
    clock.setBy(by);
    await write(core, (tx) => {
      core.leases.create(tx, LEASE);
      core.claims.take(tx, { ...claim, lease: 'l' });
      core.leases.create(tx, { ...LEASE, id: 'other' });
    });
    await core.leases.deleteAndCollect('l', { store: 'state', signal });
    clock.setBy(back);
    await clock.advance(60_000);
    await core.gc.run({ signal });
    expect(core.metadata.read('state', (tx) => core.claims.isFree(tx, 'address', '10.0.0.1'))).toBe(true);
    expect(leases(core)).toEqual([]);
  });

  test('lets no address come free early', async () => {
    await using machine = await started();
    const { core, clock } = machine;
    const claim = { type: 'address', key: '10.0.0.1', holder: { containerId: 'c', ifname: 'eth0' }, data: {}, cooldownMs: 60_000 };
    const isFree = () => core.metadata.read('state', (tx) => core.claims.isFree(tx, 'address', '10.0.0.1'));
    await write(core, (tx) => {
      core.leases.create(tx, LEASE);
      core.claims.take(tx, { ...claim, lease: 'l' });
    });
    clock.setBy(by);
    await core.leases.deleteAndCollect('l', { store: 'state', signal });
    expect(isFree()).toBe(false);
    clock.setBy(-by / 2);
    await clock.advance(59_000);
    await core.gc.run({ signal });
    expect(isFree()).toBe(false);
  });
});

test('an expiry that is a time of day is one of the wall clock: ten minutes after it was set, and after a restart at once', async () => {
  await using machine = await started();
  const { core, clock } = machine;
  await write(core, (tx) => core.leases.create(tx, { id: 'l', labels: { 'gc.expire': '2026-01-01T12:00:00Z' } }));
  clock.setBy(13 * HOUR);
  await core.gc.run({ signal });
  expect(leases(core)).toEqual(['l']);
  // Nobody calls for a collection: it comes by itself within a minute.
  await clock.advance(11 * 60_000);
  await expect.poll(() => leases(core)).toEqual([]);
  expect(Date.parse(core.gc.status().nextRun ?? '9999-01-01')).toBeGreaterThanOrEqual(clock.now());
});
