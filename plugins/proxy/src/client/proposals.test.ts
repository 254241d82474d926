import type { ClaimRequest } from '@hawser/core/network';
import type { Ipam as IpamContract } from '@hawser/core/network';
import { Ipam } from '@hawser/core/contracts';
import { fakePlugin } from '@hawser/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, never, request } from '../testing/bench.ts';
import { toStruct } from '../wire/struct.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

/** The message of an address in 10.9.0.0/24. */
const address = (last: number, data: object = {}) => ({
  type: 'address',
  key: `10.9.0.${last}`,
  data: toStruct({ address: `10.9.0.${last}/24`, subnet: '10.9.0.0/24', gateway: '10.9.0.1', ...data }),
});
const proposing = (...candidates: readonly object[]) => ({ proposals: [{ candidates, cooldownMs: 30_000 }] });
const asked = (method: string) => bench.peer.calls.filter((call) => call.method === method);

/** What the engine does once: prepare, then take in one transaction. */
async function take(claim: ClaimRequest, containerId: string): Promise<readonly string[]> {
  const { metadata, leases } = bench.core;
  await claim.prepare?.(never);
  const taken = await metadata.write('state', (tx) => {
    const lease = leases.create(tx, { expiresInMs: 60_000 }).id;
    return claim.take(tx, { holder: { containerId, ifname: 'eth0' }, lease });
  });
  return taken.map(({ key }) => key);
}

/** The same until the ledger agrees. */
async function reserve(claim: ClaimRequest, containerId: string): Promise<readonly string[]> {
  for (let round = 0; round < 8; round++) {
    try {
      return await take(claim, containerId);
    } catch (error) {
      expect(error).toMatchObject({ code: 'network.proposal_refused', kind: 'Conflict' });
    }
  }
  return expect.fail('it was refused for good');
}

describe('addresses of another process', () => {
  beforeEach(async () => {
    bench.peer.does['Ipam.Subnets'] = (call) => call.answer({ subnets: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }] });
    await bench.peer.start();
    await bench.boot('hawser.ipam.v1');
  });

  it('come out of the subnets that it tells on connecting', () => {
    expect(bench.ipam.subnets()).toEqual([{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }]);
  });

  it('are taken as proposed, the first that is free', async () => {
    bench.peer.does['Ipam.Propose'] = (call) => call.answer(proposing(address(5), address(6)));
    expect(await take(bench.ipam.claim(request()), 'a')).toEqual(['10.9.0.5']);
    expect(await take(bench.ipam.claim(request()), 'b')).toEqual(['10.9.0.6']);
    const held = bench.core.metadata.read('state', (tx) => bench.core.claims.get(tx, 'address', '10.9.0.5'));
    expect(held).toMatchObject({ state: 'held', holder: { containerId: 'a' }, data: { gateway: '10.9.0.1' } });
  });

  it('that are held are refused, and asked for again with what was refused', async () => {
    bench.peer.does['Ipam.Propose'] = (call) => {
      const refused = (call.request['refused'] ?? []) as readonly { key: string }[];
      call.answer(proposing(address(5 + refused.length)));
    };
    for (const [index, name] of ['a', 'b', 'c'].entries())
      expect(await reserve(bench.ipam.claim(request()), name)).toEqual([`10.9.0.${5 + index}`]);
    expect(asked('Ipam.Propose').at(-1)?.request['refused']).toEqual([
      { type: 'address', key: '10.9.0.5' },
      { type: 'address', key: '10.9.0.6' },
    ]);
  });

  it('nobody gets twice, however many ask at once', async () => {
    bench.peer.does['Ipam.Propose'] = (call) => call.answer(proposing(...Array.from({ length: 40 }, (_, index) => address(5 + index))));
    const taken = await Promise.all(Array.from({ length: 40 }, (_, index) => reserve(bench.ipam.claim(request()), `c${index}`)));
    expect(new Set(taken.flat()).size).toBe(40);
  });

  it('that were asked for by name are had even while they cool, others are not', async () => {
    bench.peer.does['Ipam.Propose'] = (call) => call.answer(proposing(address(5)));
    const { metadata, leases, claims, gc } = bench.core;
    const lease = await metadata.write('state', (tx) => leases.create(tx, { expiresInMs: 60_000 }).id);
    const claim = bench.ipam.claim(request());
    await claim.prepare?.(never);
    await metadata.write('state', (tx) => claim.take(tx, { holder: { containerId: 'a', ifname: 'eth0' }, lease }));
    await metadata.write('state', (tx) => leases.delete(tx, lease));
    await bench.context.clock.runUntil(gc.run({ signal: never }));
    expect(metadata.read('state', (tx) => claims.get(tx, 'address', '10.9.0.5')?.state)).toBe('cooling');
    await expect(take(bench.ipam.claim(request()), 'b')).rejects.toMatchObject({ code: 'network.proposal_refused' });
    expect(await take(bench.ipam.claim(request({ staticIps: ['10.9.0.5/24'] })), 'b')).toEqual(['10.9.0.5']);
  });

  it.each([
    ['none at all', { proposals: [] }, 'proposes no address'],
    ['a proposal of nothing', { proposals: [{}] }, 'candidates'],
    ['too many', proposing(...Array.from({ length: 257 }, () => address(5))), 'candidates'],
    ['something else', proposing({ ...address(5), type: 'device' }), 'proposes device'],
    ['an address that is none', proposing({ ...address(5), key: '10.9.0.500' }), 'canonical'],
    ['one in other words', proposing({ ...address(5), key: '010.9.0.5' }), 'canonical'],
    ['one that says another', proposing(address(5, { address: '10.9.0.6/24' })), 'whose address is not 10.9.0.5/24'],
    ['one with another prefix', proposing(address(5, { address: '10.9.0.5/16' })), 'whose address is not 10.9.0.5/24'],
    ['one outside of its subnet', proposing(address(5, { subnet: '10.8.0.0/24' })), 'outside of 10.8.0.0/24'],
    ['one whose subnet is none', proposing(address(5, { subnet: '10.9.0.7/24' })), 'canonical prefix'],
    ['one whose gateway lies elsewhere', proposing(address(5, { gateway: '10.8.0.1' })), 'gateway'],
    ['its own gateway', proposing(address(1)), 'its own gateway'],
    ['one without facts', proposing({ type: 'address', key: '10.9.0.5' }), 'subnet'],
    ['a key of control characters', proposing({ ...address(5), key: 'a\u0000b' }), 'control characters'],
  ])('that are %s are a lie that is told', async (_, answer, message) => {
    bench.peer.does['Ipam.Propose'] = (call) => call.answer(answer);
    await expect(take(bench.ipam.claim(request()), 'a')).rejects.toMatchObject({
      code: 'proxy.bad_answer',
      message: expect.stringContaining(message),
    });
  });
});

describe('what a mode in another process needs', () => {
  const held: IpamContract = {
    claim: () => ({
      type: 'address',
      take: (tx, { holder, lease }) => {
        bench.core.claims.take(tx, { type: 'address', key: '10.1.0.9', holder, lease, data: {} });
        return [{ type: 'address', key: '10.1.0.9', data: {} }];
      },
    }),
    subnets: () => [],
  };
  beforeEach(async () => {
    await bench.peer.start();
    await bench.boot('hawser.mode.v1', {}, [fakePlugin(Ipam, 'range', held)]);
  });
  const claims = () => bench.mode.claims(request(), { vlan: 7 });

  it('may be resources of its own and addresses of this agent, all in one transaction', async () => {
    bench.peer.does['Mode.Claims'] = (call) =>
      call.answer({ needs: [{ proposal: { candidates: [{ type: 'vf', key: '0000:01:00.1' }] } }, { addressesFrom: 'range' }] });
    const [claim] = claims();
    expect(await take(claim ?? expect.fail('it needs something'), 'a')).toEqual(['0000:01:00.1', '10.1.0.9']);
    expect(asked('Mode.Claims')[0]?.request['settings']).toEqual(toStruct({ vlan: 7 }));
  });

  it('may be nothing', async () => {
    bench.peer.does['Mode.Claims'] = (call) => call.answer({});
    const [claim] = claims();
    expect(await take(claim ?? expect.fail('it is asked all the same'), 'a')).toEqual([]);
  });

  it.each([
    ['an address plugin that isn’t there', { needs: [{ addressesFrom: 'nowhere' }] }, 'attachments.not_ready'],
    ['nothing that can be read', { needs: [{}] }, 'proxy.bad_answer'],
    ['a type that is none', { needs: [{ proposal: { candidates: [{ type: 'A Type', key: 'x' }] } }] }, 'proxy.bad_answer'],
  ])('may not be %s', async (_, answer, code) => {
    bench.peer.does['Mode.Claims'] = (call) => call.answer(answer);
    const [claim] = claims();
    await expect(claim?.prepare?.(never)).rejects.toMatchObject({ code });
  });
});
