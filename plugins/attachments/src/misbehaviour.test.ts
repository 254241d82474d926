import type { AttachmentResult } from '@hawser/core/network';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, type Fixture, openFixture, request } from './testing/fixture.ts';

const ID = { containerId: 'a', ifname: 'eth0' };
const detachRequest = { ...ID, network: 'net' };
const hang = () => new Promise<never>(() => {});

describe('a mode that misbehaves', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
    for (const name of ['a', 'b']) fixture.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const { advance, nothingLeft } = {
    /** In small steps: each waits until what the one before has woken up sleeps again. */
    advance: async (ms: number) => {
      for (let gone = 0; gone < ms; gone += 1_000) await fixture.context.clock.advance(1_000);
    },
    nothingLeft: async () => {
      await fixture.core.gc.finished({ type: 'attachment', key: 'a/eth0' }, call());
      expect([fixture.mode.made, fixture.engine.list(), fixture.claims()]).toEqual([new Set(), [], []]);
    },
  };

  test.each(['attach', 'check', 'detach'] as const)('and throws what it should not in %s is named', async (method) => {
    if (method !== 'attach') await fixture.engine.attach(request('a'), call());
    fixture.mode.during = (reached) => {
      if (reached === method) throw new TypeError("Cannot read properties of undefined (reading 'secret')");
    };
    const calls = {
      attach: () => fixture.engine.attach(request('a'), call()),
      check: () => fixture.engine.check(detachRequest, call()),
      detach: () => fixture.engine.detach(detachRequest, call()),
    };
    await expect(calls[method]()).rejects.toMatchObject({
      code: 'attachments.mode_failed',
      message: `the mode 'fake' failed in ${method} of a/eth0`,
      cause: expect.any(TypeError),
    });
  });

  test.each(['settings', 'claims'] as const)('and throws in %s is named, and holds nothing', async (method) => {
    fixture.mode[method] = () => {
      throw new TypeError('no');
    };
    await expect(fixture.engine.attach(request('a'), call())).rejects.toMatchObject({
      message: `the mode 'fake' failed in ${method} of a/eth0`,
    });
    expect([fixture.engine.list(), fixture.claims()]).toEqual([[], []]);
  });

  test.each<[string, Partial<AttachmentResult>, string]>([
    ['an address that it does not hold', { ips: [{ address: '192.0.2.1/24' }] }, 'gave it 192.0.2.1, which it does not hold'],
    ['one more', { ips: [{ address: '10.0.0.1/24' }, { address: 'fd00::1/64' }] }, 'gave it fd00::1, which it does not hold'],
    ['an address that is none', { ips: [{ address: 'rubbish' }] }, 'its result.ips.0.address is no address with a prefix length'],
    [
      'a gateway of another family',
      { ips: [{ address: '10.0.0.1/24', gateway: 'fd00::1' }] },
      'its result.ips.0.gateway is of another family than the address',
    ],
    ['a route to nowhere', { routes: [{ dst: 'nonsense' }] }, 'its result.routes.0.dst is no address with a prefix length'],
    ['a MAC that is none', { interfaces: [{ name: 'eth0', mac: 'x', sandbox: '/ns/a' }] }, 'its result.interfaces.0.mac is no MAC address'],
    ['no address', { ips: [] }, 'did not give it 10.0.0.1, which it holds'],
    ['no interface', { interfaces: [] }, 'names no interface eth0 in /ns/a'],
    ['the interface of somebody else', { interfaces: [{ name: 'eth0', mac: '', sandbox: '/ns/b' }] }, 'names no interface eth0 in /ns/a'],
    ['an address on no interface', { ips: [{ address: '10.0.0.1/24', interface: 7 }] }, 'puts 10.0.0.1/24 on interface 7 of 1'],
  ])('and says that it gave %s is not believed, and undone', async (_, lie, fault) => {
    const attach = fixture.mode.attach.bind(fixture.mode);
    fixture.mode.attach = async (...args) => ({ ...(await attach(...args)), ...lie });
    await expect(fixture.engine.attach(request('a'), call())).rejects.toMatchObject({
      code: 'attachments.bad_result',
      message: `the mode 'fake' says of a/eth0 that it is attached, but ${fault}`,
    });
    await nothingLeft();
  });

  test('and brings more than is asked has the rest left out, whatever it is', async () => {
    const attach = fixture.mode.attach.bind(fixture.mode);
    fixture.mode.attach = async (...args) => {
      const result = await attach(...args);
      return Object.assign({ ...result }, { itself: result, big: 1n });
    };
    expect(Object.keys(await fixture.engine.attach(request('a'), call()))).toEqual(['interfaces', 'ips', 'routes']);
  });

  test.each<[method: string, bring: (mode: Fixture['mode']) => void]>([
    ['settings', (mode) => Object.assign(mode, { settings: () => ({ big: 1n }) })],
    ['settings', (mode) => Object.assign(mode, { settings: () => 'none' })],
    ['claims', (mode) => Object.assign(mode, { claims: () => [{}] })],
    ['claims', (mode) => Object.assign(mode, { claims: () => [{ type: 'address', take: () => [{ type: 'address', key: '10.0.0.1' }] }] })],
    ['claims', (mode) => Object.assign(mode, { claims: () => undefined })],
    ['attach', (mode) => Object.assign(mode, { attach: () => Promise.resolve() })],
  ])('and brings from %s what is none is named, and holds nothing', async (method, bring) => {
    bring(fixture.mode);
    const code = method === 'attach' ? 'attachments.bad_result' : 'attachments.mode_failed';
    await expect(fixture.engine.attach(request('a'), call())).rejects.toMatchObject({ code, message: expect.stringContaining("'fake'") });
    await nothingLeft();
  });

  test('and hangs in a check answers its caller, and holds up neither a DEL nor other calls', async () => {
    await using narrow = await openFixture({ settings: { max_concurrent: 1 } });
    for (const name of ['a', 'b']) narrow.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
    await narrow.engine.attach(request('a'), call());
    narrow.mode.during = (method) => (method === 'check' ? hang() : undefined);
    const checking = narrow.engine.check(detachRequest, call());
    checking.catch(() => {});
    await expect.poll(() => narrow.mode.log.at(-1)).toBe('check a/eth0');
    await narrow.context.clock.advance(20_000);
    await narrow.context.clock.advance(2_000);
    await expect(checking).rejects.toMatchObject({
      code: 'attachments.mode_hangs',
      message: "the mode 'fake' goes on with check of a/eth0 although it was told to end: checking a/eth0 took longer than 20 s",
    });
    await narrow.engine.attach(request('b'), call());
    await narrow.engine.detach(detachRequest, call());
    expect(narrow.engine.get(ID)).toBeUndefined();
  });

  test('and hangs in a detach is asked again, beside the call that hangs', async () => {
    await fixture.engine.attach(request('a'), call());
    fixture.mode.during = (method) => (method === 'detach' ? hang() : undefined);
    const detaching = fixture.engine.detach(detachRequest, call());
    detaching.catch(() => {});
    await expect.poll(() => fixture.mode.log.at(-1)).toBe('detach a/eth0');
    await advance(32_000);
    await expect(detaching).rejects.toMatchObject({ code: 'gc.cleanup_timed_out' });
    await expect.poll(() => fixture.core.gc.status().condemned[0]?.lastError).toMatch(/^the mode 'fake' goes on with detach of a\/eth0/);
    fixture.mode.during = () => {};
    await fixture.engine.detach(detachRequest, call());
    await nothingLeft();
  });

  test('and hangs in an attach is named to who waits for the clean-up, which comes when it has ended', async () => {
    const gate = Promise.withResolvers<void>();
    fixture.mode.during = (method) => (method === 'attach' ? gate.promise : undefined);
    const attaching = fixture.engine.attach(request('a'), call());
    attaching.catch(() => {});
    await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
    await advance(124_000);
    await expect(attaching).rejects.toMatchObject({ code: 'attachments.mode_hangs' });
    await expect.poll(() => fixture.core.gc.status().condemned[0]?.lastError).toMatch(/^the mode 'fake' goes on with attach of a\/eth0/);
    expect(fixture.mode.log).toEqual(['attach a/eth0']);
    gate.resolve();
    await fixture.engine.detach(detachRequest, call());
    await nothingLeft();
  });

  test('and hung in an attach once is not blamed for it when a later detach hangs', async () => {
    const gate = Promise.withResolvers<void>();
    fixture.mode.during = (method) => (method === 'attach' ? gate.promise : undefined);
    const attaching = fixture.engine.attach(request('a'), call());
    attaching.catch(() => {});
    await expect.poll(() => fixture.mode.log).toEqual(['attach a/eth0']);
    await advance(124_000);
    await expect(attaching).rejects.toMatchObject({ code: 'attachments.mode_hangs' });
    gate.resolve();
    await fixture.engine.detach(detachRequest, call());
    await nothingLeft();
    fixture.mode.during = (method) => (method === 'detach' ? hang() : undefined);
    await fixture.engine.attach(request('a'), call());
    const detaching = fixture.engine.detach(detachRequest, call());
    detaching.catch(() => {});
    await expect.poll(() => fixture.mode.log.at(-1)).toBe('detach a/eth0');
    await advance(32_000);
    await expect.poll(() => fixture.core.gc.status().condemned[0]?.lastError).toMatch(/^the mode 'fake' goes on with detach of a\/eth0/);
  });
});
