import type { AttachmentRequest } from '@hawser/core/network';
import { heldClock } from '@hawser/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RangeConfig } from './config.ts';
import { parseRanges } from './range.ts';
import { RangeIpam } from './range-ipam.ts';
import { type Ledger, memoryLedger } from './testing/ledger.ts';

const never = new AbortController().signal;
let clock = heldClock();
let ledger: Ledger;
let containers = 0;
let stop = new AbortController();
beforeEach(() => {
  clock = heldClock();
  ledger = memoryLedger(clock);
  containers = 0;
  stop = new AbortController();
});
afterEach(() => stop.abort());

const settings = (cooldownMs: number, ...ranges: RangeConfig[]) => ({ ranges: parseRanges(ranges).ranges, cooldownMs });

async function open(...ranges: RangeConfig[]): Promise<RangeIpam> {
  const { claims, metadata, events } = ledger;
  const ipam = new RangeIpam({ ...settings(30_000, ...ranges), claims, metadata, events, clock });
  void ipam.follow(stop.signal);
  await ipam.ready;
  return ipam;
}

const request: AttachmentRequest = {
  containerId: 'c',
  ifname: 'eth0',
  netns: '/run/netns/c',
  network: { name: 'n', settings: {}, capabilities: {} },
  staticIps: [],
};

async function add(ipam: RangeIpam): Promise<readonly string[]> {
  const holder = { containerId: `c${containers++}`, ifname: 'eth0' };
  const taken = await ledger.metadata.write('state', (tx) => ipam.claim(request).take(tx, { holder, lease: 'l' }));
  return taken.map(({ key }) => key);
}

describe('addresses by other settings', () => {
  it('come from the new ranges at once, and what was handed out stays with its holder', async () => {
    const ipam = await open('10.88.0.0/29');
    expect(await add(ipam)).toEqual(['10.88.0.2']);
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29', 'fd00:99::/64'), never);
    expect(await add(ipam)).toEqual(['10.99.0.2', 'fd00:99::2']);
    expect(ipam.subnets().map(({ subnet }) => subnet)).toEqual(['10.99.0.0/29', 'fd00:99::/64']);
    await ipam.reconfigure(settings(30_000, '10.88.0.0/29'), never);
    expect(await add(ipam)).toEqual(['10.88.0.3']);
  });

  it('are of the ranges of the moment in which they are taken, also for a claim that was made before', async () => {
    const ipam = await open('10.88.0.0/29', 'fd00:88::/64');
    const claim = ipam.claim(request);
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    const taken = await ledger.metadata.write('state', (tx) =>
      claim.take(tx, { holder: { containerId: 'c', ifname: 'eth0' }, lease: 'l' }),
    );
    expect(taken.map(({ key }) => key)).toEqual(['10.99.0.2']);
  });

  it('are never ones that somebody holds: a range that grows knows what its smaller self has handed out', async () => {
    const ipam = await open('10.88.0.0/30');
    await add(ipam);
    await expect(add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
    await ipam.reconfigure(settings(30_000, '10.88.0.0/28'), never);
    const looks = ledger.looks();
    expect([await add(ipam), ledger.looks() - looks]).toEqual([['10.88.0.3'], 1]);
  });

  it('cool down as the settings say that were in force when they were taken', async () => {
    const ipam = await open('10.88.0.0/30');
    await ipam.reconfigure(settings(5000, '10.88.0.0/30'), never);
    const [address = ''] = await add(ipam);
    ledger.release(address);
    await clock.advance(4000);
    await expect(add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
    await clock.advance(1000);
    expect(await add(ipam)).toEqual([address]);
  });

  it('are to be had all the while: the former ranges serve until the new ones are known', async () => {
    const ipam = await open('10.88.0.0/16');
    for (let count = 0; count < 1000; count++) await add(ipam);
    const change = ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    expect(await add(ipam)).toEqual(['10.88.3.234']);
    await change;
    expect(await add(ipam)).toEqual(['10.99.0.2']);
  });

  it('are those of the former settings when the change is given up', async () => {
    const ipam = await open('10.88.0.0/24');
    for (let count = 0; count < 200; count++) await add(ipam);
    const abort = new AbortController();
    const change = ipam.reconfigure(settings(1, '10.99.0.0/29'), abort.signal);
    abort.abort(new Error('too late'));
    await expect(change).rejects.toThrow('too late');
    expect(await add(ipam)).toEqual(['10.88.0.202']);
    expect(ipam.subnets()).toEqual([{ subnet: '10.88.0.0/24', gateway: '10.88.0.1' }]);
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    expect(await add(ipam)).toEqual(['10.99.0.2']);
  });

  it('wait for a follower that has failed until it follows again', async () => {
    const { claims, metadata, events } = ledger;
    const ipam = new RangeIpam({ ...settings(30_000, '10.88.0.0/29'), claims, metadata, events, clock });
    const first = new AbortController();
    const followed = ipam.follow(first.signal);
    await ipam.ready;
    first.abort();
    await followed.catch(() => undefined);
    const change = ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    void ipam.follow(stop.signal);
    await change;
    expect(await add(ipam)).toEqual(['10.99.0.2']);
  });
});
