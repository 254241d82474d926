import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RangeIpam } from './range-ipam.ts';
import { RangeBench, request, settings } from './testing/bench.ts';

const never = new AbortController().signal;
let bench = new RangeBench();
beforeEach(() => {
  bench = new RangeBench();
});
afterEach(() => bench[Symbol.dispose]());

describe('addresses by other settings', () => {
  it('come from the new ranges at once, and what was handed out stays with its holder', async () => {
    const ipam = await bench.open('10.88.0.0/29');
    expect(await bench.add(ipam)).toEqual(['10.88.0.2']);
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29', 'fd00:99::/64'), never);
    expect(await bench.add(ipam)).toEqual(['10.99.0.2', 'fd00:99::2']);
    expect(ipam.subnets().map(({ subnet }) => subnet)).toEqual(['10.99.0.0/29', 'fd00:99::/64']);
    await ipam.reconfigure(settings(30_000, '10.88.0.0/29'), never);
    expect(await bench.add(ipam)).toEqual(['10.88.0.3']);
  });

  it('are of the ranges of the moment in which they are taken, also for a claim that was made before', async () => {
    const ipam = await bench.open('10.88.0.0/29', 'fd00:88::/64');
    const claim = ipam.claim(request());
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    const taken = await bench.ledger.metadata.write('state', (tx) =>
      claim.take(tx, { holder: { containerId: 'c', ifname: 'eth0' }, lease: 'l' }),
    );
    expect(taken.map(({ key }) => key)).toEqual(['10.99.0.2']);
  });

  it('are those that are asked for only while they are of a range', async () => {
    const ipam = await bench.open('10.88.0.0/29');
    const claim = ipam.claim(request(['10.88.0.3']));
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    await expect(bench.take(claim)).rejects.toMatchObject({ code: 'ipam.invalid_address' });
  });

  it('are never ones that somebody holds: a range that grows knows what its smaller self has handed out', async () => {
    const ipam = await bench.open('10.88.0.0/30');
    await bench.add(ipam);
    await expect(bench.add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
    await ipam.reconfigure(settings(30_000, '10.88.0.0/28'), never);
    const looks = bench.ledger.looks();
    expect([await bench.add(ipam), bench.ledger.looks() - looks]).toEqual([['10.88.0.3'], 1]);
  });

  it('cool down as the settings say that were in force when they were taken', async () => {
    const ipam = await bench.open('10.88.0.0/30');
    await ipam.reconfigure(settings(5000, '10.88.0.0/30'), never);
    const [address = ''] = await bench.add(ipam);
    bench.ledger.release(address);
    await bench.clock.advance(4000);
    await expect(bench.add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
    await bench.clock.advance(1000);
    expect(await bench.add(ipam)).toEqual([address]);
  });

  it('come from the new ranges also where the ledger could not be read at first', async () => {
    const { claims, metadata, events } = bench.ledger;
    let broken = false;
    const read: typeof metadata.read = (store, work) => {
      if (broken) throw new Error('the store is busy');
      return metadata.read(store, work);
    };
    const ipam = new RangeIpam({ ...settings(30_000, '10.88.0.0/29'), claims, metadata: { read }, events, clock: bench.clock });
    const following = ipam.follow(bench.signal);
    await ipam.informed;
    broken = true;
    const change = ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    await expect(following).rejects.toThrow('the store is busy');
    broken = false;
    void ipam.follow(bench.signal);
    await change;
    expect(await bench.add(ipam)).toEqual(['10.99.0.2']);
  });

  it('are to be had all the while: the former ranges serve until the new ones are known', async () => {
    const ipam = await bench.open('10.88.0.0/16');
    for (let count = 0; count < 1000; count++) await bench.add(ipam);
    const change = ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    expect(await bench.add(ipam)).toEqual(['10.88.3.234']);
    await change;
    expect(await bench.add(ipam)).toEqual(['10.99.0.2']);
  });

  it('are those of the former settings when the change is given up', async () => {
    const ipam = await bench.open('10.88.0.0/24');
    for (let count = 0; count < 200; count++) await bench.add(ipam);
    const abort = new AbortController();
    const change = ipam.reconfigure(settings(1, '10.99.0.0/29'), abort.signal);
    abort.abort(new Error('too late'));
    await expect(change).rejects.toThrow('too late');
    expect(await bench.add(ipam)).toEqual(['10.88.0.202']);
    expect(ipam.subnets()).toEqual([{ subnet: '10.88.0.0/24', gateway: '10.88.0.1' }]);
    await ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    expect(await bench.add(ipam)).toEqual(['10.99.0.2']);
  });

  it('wait for a follower that has failed until it follows again', async () => {
    const ipam = bench.make('10.88.0.0/29');
    const first = new AbortController();
    const followed = ipam.follow(first.signal);
    await ipam.informed;
    first.abort();
    await followed.catch(() => undefined);
    const change = ipam.reconfigure(settings(30_000, '10.99.0.0/29'), never);
    void ipam.follow(bench.signal);
    await change;
    expect(await bench.add(ipam)).toEqual(['10.99.0.2']);
  });
});
