import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { call, type Fixture, openFixture, request } from './testing/fixture.ts';

const ID = { containerId: 'a', ifname: 'eth0' };
const detachRequest = { ...ID, network: 'net' };

async function openWith(options: Parameters<typeof openFixture>[0] = {}): Promise<Fixture> {
  const fixture = await openFixture(options);
  for (const name of ['a', 'b']) fixture.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
  return fixture;
}

const detached = ({ core }: Fixture, key = 'a/eth0') => core.gc.finished({ type: 'attachment', key }, call());
const topics = ({ core }: Fixture) => Array.from(core.events.history({ topics: ['/attachments/'] }), ({ topic }) => topic);
const leases = ({ core }: Fixture) => core.metadata.read('state', (tx) => Array.from(core.leases.list(tx)));
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A client that goes at the moment when the engine comes to a point. */
function goesAt(point: string) {
  const client = new AbortController();
  const reach = (reached: string) => void (reached === point && client.abort(new Error('client gone')));
  return { signal: client.signal, faults: { reach } };
}

describe('a client that goes', () => {
  test('before the commit: nothing is ever told to be attached', async () => {
    const { signal, faults } = goesAt('attach.after_mode');
    await using fixture = await openWith({ faults });
    await expect(fixture.engine.attach(request('a'), call(signal))).rejects.toThrow('client gone');
    await detached(fixture);
    expect(fixture.mode.made).toEqual(new Set());
    expect(topics(fixture)).toEqual(['/attachments/attaching', '/attachments/failed', '/attachments/detached']);
    expect([fixture.engine.list(), fixture.claims(), leases(fixture)]).toEqual([[], [], []]);
  });

  test('after the commit: what is on the books is undone, for nobody else would ask for it', async () => {
    const { signal, faults } = goesAt('attach.after_commit');
    await using fixture = await openWith({ faults });
    await expect(fixture.engine.attach(request('a'), call(signal))).rejects.toThrow('client gone');
    await detached(fixture);
    expect(fixture.mode.made).toEqual(new Set());
    expect(topics(fixture)).toEqual(['/attachments/attaching', '/attachments/attached', '/attachments/failed', '/attachments/detached']);
    expect([fixture.engine.list(), fixture.claims()]).toEqual([[], []]);
  });

  test('while what another caller has attached is looked up: that is the other’s, and the one who went is told nothing', async () => {
    const client = new AbortController();
    let leaving = false;
    const reach = (point: string) => void (leaving && point === 'attach.received' && client.abort(new Error('client gone')));
    await using fixture = await openWith({ faults: { reach } });
    const result = await fixture.engine.attach(request('a'), call());
    leaving = true;
    await expect(fixture.engine.attach(request('a'), call(client.signal))).rejects.toThrow('client gone');
    expect(fixture.engine.get(ID)).toMatchObject({ state: 'attached', result });
    expect(fixture.mode.log).toEqual(['attach a/eth0']);
  });

  test('in the middle of a DEL: it goes on without them, at once', async () => {
    const { signal, faults } = goesAt('detach.after_release');
    await using fixture = await openWith({ faults });
    await fixture.engine.attach(request('a'), call());
    await expect(fixture.engine.detach(detachRequest, call(signal))).rejects.toThrow('client gone');
    await detached(fixture);
    expect(fixture.mode.log).toEqual(['attach a/eth0', 'detach a/eth0']);
    expect([fixture.engine.list(), fixture.claims()]).toEqual([[], []]);
  });
});

describe('the same container again', () => {
  test('waits until nothing is left of the former attachment, its record included', async () => {
    const points: string[] = [];
    await using fixture = await openWith({ faults: { reach: (point) => void points.push(point) } });
    await fixture.engine.attach(request('a'), call());
    const gate = Promise.withResolvers<void>();
    fixture.mode.settling = gate.promise;
    fixture.host.namespaces.set('/ns/a', 'inode-new');
    points.length = 0;
    const again = fixture.engine.attach(request('a'), call());
    await expect.poll(() => points).toContain('detach.after_collect');
    await turns(20);
    expect(points).not.toContain('attach.before_reserve');
    expect(fixture.claims()).toMatchObject([{ key: '10.0.0.1', state: 'releasing' }]);
    gate.resolve();
    await again;
    expect(fixture.mode.log).toEqual(['attach a/eth0', 'detach a/eth0', 'attach a/eth0']);
    expect(fixture.claims()).toMatchObject([{ key: '10.0.0.2', state: 'held' }]);
  });
});

describe('a list of the runtime', () => {
  const none = { network: 'net', valid: [] };

  test('does not touch what is being attached, which is younger', async () => {
    await using fixture = await openWith();
    const gate = Promise.withResolvers<void>();
    fixture.mode.during = (method) => (method === 'attach' ? gate.promise : undefined);
    const attaching = fixture.engine.attach(request('a'), call());
    await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
    expect(await fixture.engine.reap(none, call())).toEqual([]);
    gate.resolve();
    await attaching;
    expect(fixture.engine.get(ID)?.state).toBe('attached');
  });

  test('is worked through with half of the slots: callers have the others', async () => {
    await using fixture = await openWith({ settings: { max_concurrent: 4 } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      fixture.host.namespaces.set(`/ns/${name}`, name);
      await fixture.engine.attach(request(name), call());
    }
    const gate = Promise.withResolvers<void>();
    fixture.mode.during = (method) => (method === 'detach' ? gate.promise : undefined);
    const begun = () => fixture.mode.log.filter((line) => line.startsWith('detach'));
    const reaping = fixture.engine.reap(none, call());
    await expect.poll(begun).toEqual(['detach a/eth0', 'detach b/eth0']);
    await turns(20);
    const detaching = fixture.engine.detach({ ...detachRequest, containerId: 'e' }, call());
    await expect.poll(begun).toEqual(['detach a/eth0', 'detach b/eth0', 'detach e/eth0']);
    gate.resolve();
    await Promise.all([reaping, detaching]);
    expect(fixture.mode.made).toEqual(new Set());
  });

  test('that takes longer than its caller waits says what is left, and that it is to be given again', async () => {
    await using fixture = await openWith({ settings: { max_concurrent: 2 } });
    const names = Array.from({ length: 20 }, (_, index) => `lost-${index}`);
    for (const name of names) {
      fixture.host.namespaces.set(`/ns/${name}`, name);
      await fixture.engine.attach(request(name), call());
    }
    const client = new AbortController();
    fixture.mode.during = (method) => (method === 'detach' ? void client.abort(new Error('client gone')) : undefined);
    const error: unknown = await fixture.engine.reap(none, call(client.signal)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'attachments.busy', remedy: expect.stringContaining('again') });
    expect((error as { readonly cause: AggregateError }).cause.errors.length).toBeLessThan(10);
    expect(fixture.engine.list().filter(({ state }) => state === 'attached')).toHaveLength(19);
    fixture.mode.during = () => {};
    await fixture.engine.reap(none, call());
    await expect.poll(() => fixture.engine.list()).toEqual([]);
  });

  test('does not touch what was attached anew while others were being detached', async () => {
    await using fixture = await openWith({ settings: { max_concurrent: 16 } });
    const others = Array.from({ length: 8 }, (_, index) => `other-${index}`);
    for (const name of [...others, 'z']) {
      fixture.host.namespaces.set(`/ns/${name}`, name);
      await fixture.engine.attach(request(name), call());
    }
    const gate = Promise.withResolvers<void>();
    fixture.mode.during = (method) => (method === 'detach' ? gate.promise : undefined);
    const reaping = fixture.engine.reap(none, call());
    await expect.poll(() => fixture.mode.log.filter((line) => line.startsWith('detach'))).toHaveLength(others.length);

    fixture.mode.during = () => {};
    fixture.host.namespaces.set('/ns/z', 'another');
    const result = await fixture.engine.attach(request('z'), call());
    gate.resolve();
    expect((await reaping).map(({ containerId }) => containerId)).toEqual(others);
    expect(fixture.engine.get({ containerId: 'z', ifname: 'eth0' })).toMatchObject({ state: 'attached', result });
  });

  test('does not cancel an attach that began while others were being detached', async () => {
    await using fixture = await openWith({ settings: { max_concurrent: 16 } });
    const others = Array.from({ length: 8 }, (_, index) => `other-${index}`);
    for (const name of [...others, 'z']) {
      fixture.host.namespaces.set(`/ns/${name}`, name);
      await fixture.engine.attach(request(name), call());
    }
    const gates = { attach: Promise.withResolvers<void>(), detach: Promise.withResolvers<void>() };
    fixture.mode.during = (method) => (method === 'detach' ? gates.detach.promise : undefined);
    const reaping = fixture.engine.reap(none, call());
    await expect.poll(() => fixture.mode.log.filter((line) => line.startsWith('detach'))).toHaveLength(others.length);

    fixture.mode.during = (method) => (method === 'attach' ? gates.attach.promise : undefined);
    fixture.host.namespaces.set('/ns/z', 'another');
    const attaching = fixture.engine.attach(request('z'), call());
    await expect.poll(() => fixture.mode.log.at(-1)).toBe('attach z/eth0');
    gates.detach.resolve();
    await reaping;
    gates.attach.resolve();
    await attaching;
    expect(fixture.engine.get({ containerId: 'z', ifname: 'eth0' })?.state).toBe('attached');
  });
});

describe('the end of the agent', () => {
  test('cancels what is being attached, and comes when that is undone', async () => {
    await using fixture = await openWith();
    fixture.mode.during = (method, signal) =>
      method === 'attach' ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))) : undefined;
    const attaching = fixture.engine.attach(request('a'), call());
    attaching.catch(() => {});
    await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
    await fixture.engine[Symbol.asyncDispose]();
    expect([fixture.mode.made, fixture.engine.list(), leases(fixture)]).toEqual([new Set(), [], []]);
    await expect(attaching).rejects.toMatchObject({ code: 'attachments.draining' });
  });

  test('waits for a DEL that is under way', async () => {
    await using fixture = await openWith();
    await fixture.engine.attach(request('a'), call());
    const gate = Promise.withResolvers<void>();
    fixture.mode.during = (method) => (method === 'detach' ? gate.promise : undefined);
    const detaching = fixture.engine.detach(detachRequest, call());
    await expect.poll(() => fixture.mode.log.at(-1)).toBe('detach a/eth0');
    let ended = false;
    const ending = fixture.engine[Symbol.asyncDispose]().then(() => (ended = true));
    await turns(20);
    expect(ended).toBe(false);
    gate.resolve();
    await Promise.all([detaching, ending]);
    expect(fixture.mode.made).toEqual(new Set());
  });

  test('in the middle of an attach: the next agent undoes it without waiting for its lease to run out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-attachments-'));
    try {
      const dead = await openWith({ folder });
      dead.mode.during = () => new Promise(() => {});
      void dead.engine.attach(request('a'), call());
      await expect.poll(() => dead.mode.log).toEqual(['attach a/eth0']);
      expect(leases(dead)).toHaveLength(1);
      await dead.core[Symbol.asyncDispose]();

      await using next = await openWith({ folder });
      expect(leases(next)).toEqual([]);
      await next.context.clock.advance(1_000);
      await detached(next);
      expect(next.mode.log).toEqual(['detach a/eth0']);
      expect([next.engine.list(), next.claims()]).toEqual([[], []]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
