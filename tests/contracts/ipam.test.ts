import { systemContext } from '@hawser/core';
import type { AttachmentRequest } from '@hawser/core/network';
import { describeIpamContract, describePluginContract, providersOf, startCore, type TestCore, testContext } from '@hawser/core/testing';
import range, { parseRanges, RangeIpam } from '@hawser/ipam-range';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const opened: TestCore[] = [];

describePluginContract(range, {
  module: '@hawser/ipam-range',
  calls: (ipam) => [ipam.subnets(), ipam.claim(request)],
  config: { ranges: ['10.88.0.0/16', 'fd00:88::/64'] },
  async requires() {
    const core = await startCore({ context: systemContext });
    opened.push(core);
    return providersOf(core);
  },
  async release() {
    for (const core of opened.splice(0)) await core[Symbol.asyncDispose]();
  },
});

const request: AttachmentRequest = {
  containerId: 'c',
  ifname: 'eth0',
  netns: '/run/netns/c',
  network: { name: 'n', settings: {}, capabilities: {} },
  staticIps: [],
};

describeIpamContract('ranges', {
  async make(subnets) {
    const stop = new AbortController();
    const { clock } = testContext();
    const core = await startCore({ context: systemContext });
    const ipam = new RangeIpam({ ...core, ranges: parseRanges(subnets).ranges, cooldownMs: 30_000, clock });
    void ipam.follow(stop.signal);
    await ipam.informed;
    return {
      ipam,
      core,
      async [Symbol.asyncDispose]() {
        stop.abort();
        await core[Symbol.asyncDispose]();
      },
    };
  },
});

describe('ranges on the real ledger', () => {
  const context = testContext();
  let core: TestCore;
  let stop: AbortController;
  const open = async (...ranges: string[]) => {
    const { claims, metadata, events } = core;
    const ipam = new RangeIpam({ ranges: parseRanges(ranges).ranges, cooldownMs: 30_000, claims, metadata, events, clock: context.clock });
    void ipam.follow(stop.signal);
    await ipam.informed;
    return ipam;
  };
  const lease = () => core.metadata.write('state', (tx) => core.leases.create(tx, { expiresInMs: 60_000 }).id);
  const take = async (ipam: RangeIpam, id: string, staticIps: readonly string[] = []) => {
    const protectedBy = await lease();
    const taken = await core.metadata.write('state', (tx) =>
      ipam.claim({ ...request, staticIps }).take(tx, { holder: { containerId: id, ifname: 'eth0' }, lease: protectedBy }),
    );
    return { keys: taken.map(({ key }) => key), lease: protectedBy };
  };

  beforeEach(async () => {
    stop = new AbortController();
    core = await startCore({ context });
  });
  afterEach(() => stop.abort());
  afterEach(() => core[Symbol.asyncDispose]());

  it('takes what nobody has, for many at once', async () => {
    const ipam = await open('10.88.0.0/24', 'fd00:88::/64');
    const taken = await Promise.all(Array.from({ length: 100 }, (_, number) => take(ipam, `c${number}`)));
    expect(new Set(taken.flatMap(({ keys }) => keys)).size).toBe(200);
  });

  it('gives an address that cools to who asks for just this one', async () => {
    const ipam = await open('10.88.0.0/29');
    const first = await take(ipam, 'first');
    await core.metadata.write('state', (tx) => core.leases.delete(tx, first.lease));
    await core.gc.run({ signal: AbortSignal.any([]) });
    expect((await take(ipam, 'again', ['10.88.0.2'])).keys).toEqual(['10.88.0.2']);
    await expect(take(ipam, 'other', ['10.88.0.2'])).rejects.toMatchObject({ code: 'ipam.address_in_use' });
  });

  it('gives back what a lease that is gone held, after its cooldown, behind all others', async () => {
    const ipam = await open('10.88.0.0/29');
    const first = await take(ipam, 'first');
    expect(first.keys).toEqual(['10.88.0.2']);
    await core.metadata.write('state', (tx) => core.leases.delete(tx, first.lease));
    await core.gc.run({ signal: AbortSignal.any([]) });
    for (let number = 0; number < 4; number++) expect((await take(ipam, `c${number}`)).keys).toEqual([`10.88.0.${number + 3}`]);
    await expect(take(ipam, 'too many')).rejects.toMatchObject({
      message: 'no address is left in 10.88.0.0/29: 5 in all, 4 held, 1 cooling down',
    });
    await context.clock.advance(30_000);
    expect((await take(ipam, 'later')).keys).toEqual(['10.88.0.2']);
  });
});
