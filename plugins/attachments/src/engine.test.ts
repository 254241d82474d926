import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, type Fixture, openFixture, request } from './testing/fixture.ts';

const ID = { containerId: 'a', ifname: 'eth0' };
const detachRequest = { ...ID, network: 'net' };

describe('the attachment engine', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
    for (const name of ['a', 'b', 'c']) fixture.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const detached = (key = 'a/eth0') => fixture.core.gc.finished({ type: 'attachment', key }, call());
  const topics = () => Array.from(fixture.core.events.history({ topics: ['/attachments/'] }), ({ topic }) => topic);

  describe('attach', () => {
    test('takes the longest container id that the endpoint lets through, and the longest name of an interface', async () => {
      const id = { containerId: 'a'.repeat(512), ifname: 'fifteen-letters' };
      fixture.host.namespaces.set('/ns/long', 'inode-long');
      await fixture.engine.attach(request(id.containerId, { ifname: id.ifname, netns: '/ns/long' }), call());
      expect(fixture.engine.get(id)?.state).toBe('attached');
      await fixture.engine.detach({ ...id, network: 'net' }, call());
      expect(fixture.engine.get(id)).toBeUndefined();
    });

    test('writes down, makes, commits and tells', async () => {
      const result = await fixture.engine.attach(request('a'), call());
      expect(result.ips).toEqual([{ address: '10.0.0.1/24', interface: 0 }]);
      expect(fixture.engine.get(ID)).toMatchObject({
        state: 'attached',
        mode: 'fake',
        netns: '/ns/a',
        claims: [{ type: 'address', key: '10.0.0.1' }],
        result,
      });
      expect(fixture.claims()).toMatchObject([{ key: '10.0.0.1', state: 'held', holder: ID }]);
      expect(topics()).toEqual(['/attachments/attaching', '/attachments/attached']);
      expect(fixture.core.metadata.read('state', (tx) => Array.from(fixture.core.leases.list(tx)))).toEqual([]);
    });

    test('answers with what is there when it is repeated', async () => {
      const first = await fixture.engine.attach(request('a'), call());
      expect(await fixture.engine.attach(request('a'), call())).toEqual(first);
      expect(fixture.mode.log).toEqual(['attach a/eth0']);
    });

    test('is refused for an interface that another network has', async () => {
      await fixture.engine.attach(request('a'), call());
      const other = request('a', { network: { name: 'other', settings: {}, capabilities: {} } });
      await expect(fixture.engine.attach(other, call())).rejects.toMatchObject({ code: 'attachments.conflict' });
    });

    test('starts anew when the container has another namespace by now', async () => {
      await fixture.engine.attach(request('a'), call());
      fixture.host.namespaces.set('/ns/a', 'inode-new');
      await fixture.engine.attach(request('a'), call());
      expect(fixture.mode.log).toEqual(['attach a/eth0', 'detach a/eth0', 'attach a/eth0']);
      expect(fixture.claims().filter((claim) => claim.state === 'held')).toHaveLength(1);
    });

    test('leaves nothing behind when the mode fails', async () => {
      fixture.mode.during = (method) => {
        if (method === 'attach') throw new Error('no carrier');
      };
      await expect(fixture.engine.attach(request('a'), call())).rejects.toMatchObject({
        code: 'attachments.mode_failed',
        cause: new Error('no carrier'),
      });
      await detached();
      expect(fixture.mode.made).toEqual(new Set());
      expect([fixture.engine.list(), fixture.claims()]).toEqual([[], []]);
      expect(topics()).toContain('/attachments/failed');
    });

    test('is undone when the client goes, even after the commit', async () => {
      const client = new AbortController();
      fixture.mode.during = (method) => {
        if (method === 'attach') client.abort(new Error('client gone'));
      };
      await expect(fixture.engine.attach(request('a'), call(client.signal))).rejects.toThrow('client gone');
      await detached();
      expect(fixture.claims()).toEqual([]);
    });

    test('answers at its deadline when the mode hangs, and undoes it when the mode comes back', async () => {
      const gate = Promise.withResolvers<void>();
      fixture.mode.during = (method) => (method === 'attach' ? gate.promise : undefined);
      const attaching = fixture.engine.attach(request('a'), call());
      attaching.catch(() => {});
      await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
      await fixture.context.clock.advance(60_000);
      await fixture.context.clock.advance(2_000);
      await expect.poll(() => fixture.engine.get(ID)?.state).toBe('detaching');
      gate.resolve();
      await expect(attaching).rejects.toMatchObject({ code: 'attachments.mode_hangs' });
      await detached();
      expect(fixture.mode.log).toEqual(['attach a/eth0', 'detach a/eth0']);
      expect(fixture.claims()).toEqual([]);
    });

    test('names the modes that are on when asked for one that is not', async () => {
      const unknown = request('a', { network: { name: 'net', mode: 'macvlan', settings: {}, capabilities: {} } });
      await expect(fixture.engine.attach(unknown, call())).rejects.toMatchObject({
        code: 'attachments.unknown_mode',
        message: "the mode 'macvlan' is not in this agent; on: fake",
      });
    });

    test('is refused while the agent drains; detaching is not', async () => {
      await fixture.engine.attach(request('a'), call());
      fixture.engine.drain('the agent is stopping');
      await expect(fixture.engine.attach(request('b'), call())).rejects.toMatchObject({ code: 'attachments.draining' });
      await fixture.engine.detach(detachRequest, call());
      await detached();
      expect(fixture.engine.list()).toEqual([]);
    });
  });

  describe('detach', () => {
    test('undoes, then frees', async () => {
      await fixture.engine.attach(request('a'), call());
      await fixture.engine.detach(detachRequest, call());
      await detached();
      expect([fixture.engine.list(), fixture.claims()]).toEqual([[], []]);
      expect(topics().slice(2)).toEqual(['/attachments/detaching', '/attachments/detached']);
    });

    test('brings no collection of everything, also while its slow rest goes on', async () => {
      const cycles = () => fixture.core.gc.status().statistics.cycles;
      await fixture.context.clock.advance(1_000);
      const before = cycles();
      const gate = Promise.withResolvers<void>();
      fixture.mode.settling = gate.promise;
      await fixture.engine.attach(request('a'), call());
      await fixture.engine.detach(detachRequest, call());
      await fixture.context.clock.advance(1_000);
      gate.resolve();
      await detached();
      await fixture.context.clock.advance(1_000);
      expect([before, cycles(), fixture.claims()]).toEqual([1, 1, []]);
    });

    test('succeeds when nothing is there, and when it is repeated', async () => {
      await fixture.engine.detach(detachRequest, call());
      await fixture.engine.attach(request('a'), call());
      await Promise.all([fixture.engine.detach(detachRequest, call()), fixture.engine.detach(detachRequest, call())]);
      await fixture.engine.detach(detachRequest, call());
      expect(fixture.mode.log).toEqual(['attach a/eth0', 'detach a/eth0']);
    });

    test('answers before the slow rest is done, frees claims only after it, and a new attach waits for that', async () => {
      await fixture.engine.attach(request('a'), call());
      const gate = Promise.withResolvers<void>();
      fixture.mode.settling = gate.promise;
      await fixture.engine.detach(detachRequest, call());
      expect(fixture.claims()).toMatchObject([{ key: '10.0.0.1', state: 'releasing' }]);
      const again = fixture.engine.attach(request('a'), call());
      expect(fixture.engine.get(ID)?.state).toBe('detaching');
      gate.resolve();
      await again;
      expect(fixture.claims()).toMatchObject([{ key: '10.0.0.2', state: 'held' }]);
    });

    test('its address is waited for by who asks for just this one, and by nobody for long', async () => {
      await fixture.engine.attach(request('a'), call());
      fixture.mode.claims = () => [
        {
          type: 'address',
          take: (tx, { holder, lease }) => [
            fixture.core.claims.take(tx, { type: 'address', key: '10.0.0.1', holder, lease, evenCooling: true, data: {} }),
          ],
        },
      ];
      await expect(fixture.engine.attach(request('b'), call())).rejects.toMatchObject({ code: 'claims.already_held' });
      const gate = Promise.withResolvers<void>();
      fixture.mode.settling = gate.promise;
      await fixture.engine.detach(detachRequest, call());
      const late = fixture.engine.attach(request('b'), call());
      late.catch(() => {});
      await fixture.context.clock.advance(5_000);
      await expect(late).rejects.toMatchObject({ code: 'claims.already_held' });
      const gone = new AbortController();
      const left = fixture.engine.attach(request('b'), call(gone.signal));
      gone.abort(new Error('nobody waits'));
      await expect(left).rejects.toThrow('nobody waits');
      const next = fixture.engine.attach(request('b'), call());
      gate.resolve();
      await next;
      expect(fixture.claims()).toMatchObject([{ key: '10.0.0.1', state: 'held', holder: { containerId: 'b' } }]);
    });

    test('cancels the attach before it', async () => {
      fixture.mode.during = (method, signal) =>
        method === 'attach'
          ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
          : undefined;
      const attaching = fixture.engine.attach(request('a'), call());
      attaching.catch(() => {});
      await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
      await fixture.engine.detach(detachRequest, call());
      await expect(attaching).rejects.toMatchObject({ code: 'attachments.conflict' });
      await detached();
      expect([fixture.engine.list(), fixture.claims()]).toEqual([[], []]);
    });

    test('keeps the claims of what it can not undo, says so, and goes on trying', async () => {
      await fixture.engine.attach(request('a'), call());
      fixture.mode.during = (method) => {
        if (method === 'detach') throw new Error('device busy');
      };
      await expect(fixture.engine.detach(detachRequest, call())).rejects.toMatchObject({ cause: new Error('device busy') });
      expect(fixture.claims()).toMatchObject([{ state: 'releasing' }]);
      fixture.mode.during = () => {};
      const done = detached();
      await fixture.context.clock.advance(60_000);
      await done;
      expect(fixture.claims()).toEqual([]);
    });

    test('leaves the interface of another network alone', async () => {
      await fixture.engine.attach(request('a'), call());
      await fixture.engine.detach({ ...ID, network: 'other' }, call());
      expect(fixture.engine.get(ID)?.state).toBe('attached');
    });

    test('leaves it alone while it is being attached, too', async () => {
      const gate = Promise.withResolvers<void>();
      fixture.mode.during = (method, signal) =>
        method === 'attach'
          ? Promise.race([gate.promise, new Promise<never>((_, reject) => signal.addEventListener('abort', reject))])
          : undefined;
      const attaching = fixture.engine.attach(request('a'), call());
      await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
      const detaching = fixture.engine.detach({ ...ID, network: 'other' }, call());
      gate.resolve();
      await attaching;
      await detaching;
      expect(fixture.engine.get(ID)?.state).toBe('attached');
    });
  });

  describe('check', () => {
    test('asks the mode, after what the runtime believes', async () => {
      const result = await fixture.engine.attach(request('a'), call());
      await fixture.engine.check({ ...detachRequest, expected: result }, call());
      expect(fixture.mode.log.at(-1)).toBe('check a/eth0');
      await expect(fixture.engine.check({ ...detachRequest, expected: { ...result, ips: [] } }, call())).rejects.toMatchObject({
        code: 'network.check_failed',
      });
      await expect(fixture.engine.check({ ...detachRequest, containerId: 'b' }, call())).rejects.toMatchObject({
        code: 'attachments.not_found',
      });
    });

    test('tells a caller who means another namespace', async () => {
      await fixture.engine.attach(request('a'), call());
      using same = await fixture.host.openNamespace('/ns/a');
      await fixture.engine.check({ ...detachRequest, netnsId: same.id }, call());
      const netnsId = { ...same.id, inode: '1' };
      await expect(fixture.engine.check({ ...detachRequest, netnsId }, call())).rejects.toMatchObject({ code: 'network.check_failed' });
      expect(fixture.mode.log.filter((line) => line.startsWith('check'))).toHaveLength(1);
    });
  });
});
