import { defineErrors } from '@hawser/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COOLDOWN_MS, RangeBench, request } from './testing/bench.ts';

let bench = new RangeBench();
beforeEach(() => {
  bench = new RangeBench();
});
afterEach(() => bench[Symbol.dispose]());

describe('addresses of ranges', () => {
  it('hands out one of each family, in order, without network, gateway and broadcast', async () => {
    const ipam = await bench.open('10.88.0.0/30', 'fd00:88::/64');
    expect(await bench.take(ipam.claim(request()))).toEqual([
      { type: 'address', key: '10.88.0.2', data: { address: '10.88.0.2/30', subnet: '10.88.0.0/30', gateway: '10.88.0.1' } },
      { type: 'address', key: 'fd00:88::2', data: { address: 'fd00:88::2/64', subnet: 'fd00:88::/64', gateway: 'fd00:88::1' } },
    ]);
    expect(ipam.subnets()).toEqual([
      { subnet: '10.88.0.0/30', gateway: '10.88.0.1' },
      { subnet: 'fd00:88::/64', gateway: 'fd00:88::1' },
    ]);
  });

  it('is ready while an address of each family is free or only cools down, and says what became of them while all are held', async () => {
    const ipam = await bench.open('10.88.0.0/30', '10.89.0.0/30', 'fd00:88::/64');
    await bench.add(ipam);
    expect(ipam.ready()).toBeUndefined();
    await bench.add(ipam);
    const message = 'no address is left in 10.88.0.0/30: 1 in all, 1 held, 0 cooling down; 10.89.0.0/30: 1 in all, 1 held, 0 cooling down';
    expect(() => ipam.ready()).toThrow(expect.objectContaining({ code: 'ipam.exhausted', message }));
    bench.ledger.release('10.88.0.2');
    await bench.clock.advance(0);
    expect(ipam.ready()).toBeUndefined();
  });

  it('goes on behind the last one instead of handing out a released one', async () => {
    const ipam = await bench.open('10.88.0.0/29');
    expect([await bench.add(ipam), await bench.add(ipam)]).toEqual([['10.88.0.2'], ['10.88.0.3']]);
    bench.ledger.release('10.88.0.2');
    await bench.clock.advance(COOLDOWN_MS);
    expect([await bench.add(ipam), await bench.add(ipam), await bench.add(ipam), await bench.add(ipam)]).toEqual([
      ['10.88.0.4'],
      ['10.88.0.5'],
      ['10.88.0.6'],
      ['10.88.0.2'],
    ]);
  });

  it('goes on behind it after a restart too', async () => {
    await bench.add(await bench.open('10.88.0.0/29'));
    bench.ledger.release('10.88.0.2');
    await bench.clock.advance(COOLDOWN_MS);
    expect(await bench.add(await bench.open('10.88.0.0/29'))).toEqual(['10.88.0.3']);
  });

  it('hands out addresses also where what says behind which one to go on is damaged', async () => {
    const ipam = await bench.open('10.88.0.0/29');
    expect(await bench.add(ipam)).toEqual(['10.88.0.2']);
    const { damaged } = defineErrors('metadata', { damaged: { kind: 'DataLoss', remedy: 'Check the store.' } });
    const claim = ipam.claim(request());
    const take: typeof claim.take = (tx, options) => {
      const get = () => {
        throw damaged('the record "10.88.0.0/29" of ipam_cursor in the state store is not what was written');
      };
      return claim.take({ ...tx, put: tx.put.bind(tx), afterCommit: tx.afterCommit.bind(tx), get }, options);
    };
    expect((await bench.take({ ...claim, take })).map(({ key }) => key)).toEqual(['10.88.0.3']);
    expect(await bench.add(ipam)).toEqual(['10.88.0.4']);
  });

  it('says what the addresses of an exhausted range are at', async () => {
    const ipam = await bench.open('10.88.0.0/29', { subnet: '10.89.0.0/24', range_start: '10.89.0.9', range_end: '10.89.0.9' });
    for (let count = 0; count < 6; count++) await bench.add(ipam);
    bench.ledger.release('10.88.0.4');
    await expect(bench.add(ipam)).rejects.toMatchObject({
      code: 'ipam.exhausted',
      message:
        'no address is left in 10.88.0.0/29: 5 in all, 4 held, 1 cooling down; 10.89.0.0/24 (10.89.0.9 to 10.89.0.9): 1 in all, 1 held, 0 cooling down',
      details: { ranges: [{ range: '10.88.0.0/29', total: '5', held: 4, cooling: 1 }, { held: 1 }] },
    });
    await bench.clock.advance(COOLDOWN_MS);
    expect(await bench.add(ipam)).toEqual(['10.88.0.4']);
  });

  it('counts what the same commit has taken before', async () => {
    const ipam = await bench.open('10.88.0.0/30');
    const claim = ipam.claim(request());
    const both = bench.ledger.metadata.write('state', (tx) => {
      for (const containerId of ['one', 'two']) claim.take(tx, { holder: { containerId, ifname: 'eth0' }, lease: 'l' });
    });
    await expect(both).rejects.toMatchObject({
      message: 'no address is left in 10.88.0.0/30: 1 in all, 1 held, 0 cooling down',
      details: { ranges: [{ held: 1, cooling: 0 }] },
    });
  });

  it('has an address as soon as that has cooled, in whatever order an agent that starts reads of those that cool', async () => {
    const before = await bench.open('10.88.0.0/23');
    for (let count = 0; count < 509; count++) await bench.add(before);
    bench.ledger.release('10.88.1.200');
    await bench.clock.advance(COOLDOWN_MS - 1);
    bench.ledger.release('10.88.1.100');
    const ipam = await bench.open('10.88.0.0/23');
    await bench.clock.advance(1);
    expect(await bench.add(ipam)).toEqual(['10.88.1.200']);
    await expect(bench.add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted', details: { ranges: [{ held: 508, cooling: 1 }] } });
  });

  it('takes nothing when one family has none left', async () => {
    const ipam = await bench.open('10.88.0.0/24', 'fd00:88::/126');
    await bench.add(ipam);
    await bench.add(ipam);
    await expect(bench.add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
    expect(bench.ledger.metadata.read('state', (tx) => [...bench.ledger.claims.list(tx)].length)).toBe(4);
  });

  describe('when it is asked for one', () => {
    it.each([[['10.88.0.77']], [['10.88.0.77/24']]])('hands out %j and an address of the other family', async (staticIps) => {
      expect(await bench.add(await bench.open('10.88.0.0/24', 'fd00:88::/64'), ...staticIps)).toEqual(['10.88.0.77', 'fd00:88::2']);
    });

    it('reads any notation of it', async () => {
      expect(await bench.add(await bench.open('10.88.0.0/24', 'fd00:88::/64'), 'FD00:0088::0:0077/64', '10.88.0.9')).toEqual([
        '10.88.0.9',
        'fd00:88::77',
      ]);
    });

    it.each([
      [['10.99.0.1'], '10.99.0.1 lies in none of the ranges 10.88.0.0/24 (10.88.0.10 to 10.88.0.99)'],
      [['fd00::5'], 'fd00::5 lies in none of the ranges 10.88.0.0/24 (10.88.0.10 to 10.88.0.99)'],
      [['10.88.0.100'], '10.88.0.100 lies outside of 10.88.0.0/24 (10.88.0.10 to 10.88.0.99)'],
      [['10.88.0.1'], '10.88.0.1 is the gateway of 10.88.0.0/24'],
      [['10.88.0.0'], '10.88.0.0 is the network address of 10.88.0.0/24'],
      [['10.88.0.255'], '10.88.0.255 is the broadcast address of 10.88.0.0/24'],
      [['10.88.0.20/16'], '10.88.0.20/16 is asked for, but prefixes of 10.88.0.0/24 have length 24'],
      [['10.88.0.20', '10.88.0.21'], '10.88.0.20 and 10.88.0.21 are both asked for, but an interface gets one address of each family'],
      [['ten'], '"ten" is asked for, which is no address'],
    ])('refuses %j', async (staticIps, message) => {
      const ipam = await bench.open({ subnet: '10.88.0.0/24', range_start: '10.88.0.10', range_end: '10.88.0.99' });
      expect(() => ipam.claim(request(staticIps))).toThrow(expect.objectContaining({ code: 'ipam.invalid_address', message }));
    });

    it('says who holds it; a cooldown keeps it from nobody who asks for it', async () => {
      const ipam = await bench.open('10.88.0.0/24');
      await bench.add(ipam, '10.88.0.9');
      await expect(bench.add(ipam, '10.88.0.9')).rejects.toMatchObject({
        code: 'ipam.address_in_use',
        message: '10.88.0.9 is held by c0 on eth0',
      });
      bench.ledger.release('10.88.0.9');
      expect(await bench.add(ipam, '10.88.0.9')).toEqual(['10.88.0.9']);
    });
  });

  it('keeps what is in use when the ranges change, and hands it out no more once it is released', async () => {
    expect(await bench.add(await bench.open('10.88.0.0/29'))).toEqual(['10.88.0.2']);
    const changed = await bench.open({ subnet: '10.88.0.0/29', range_start: '10.88.0.4' });
    expect(bench.ledger.metadata.read('state', (tx) => bench.ledger.claims.isFree(tx, 'address', '10.88.0.2'))).toBe(false);
    bench.ledger.release('10.88.0.2');
    await bench.clock.advance(COOLDOWN_MS);
    expect([await bench.add(changed), await bench.add(changed), await bench.add(changed)]).toEqual([
      ['10.88.0.4'],
      ['10.88.0.5'],
      ['10.88.0.6'],
    ]);
    await expect(bench.add(changed)).rejects.toMatchObject({ code: 'ipam.exhausted' });
  });

  it('finds its way in a large range that is nearly full without looking at every address each time', async () => {
    const ipam = await bench.open('10.88.0.0/18');
    const holder = { containerId: 'f', ifname: 'eth0' };
    const taken = 15_000;
    await bench.ledger.metadata.write('state', (tx) => {
      for (let host = 2; host < taken + 2; host++) {
        bench.ledger.claims.take(tx, { type: 'address', key: `10.88.${host >> 8}.${host & 255}`, holder, data: {}, lease: 'l' });
      }
    });
    // From the first address on: all that are taken are in the way.
    expect(await bench.add(ipam)).toEqual(['10.88.58.154']);
    const before = bench.ledger.looks();
    const rest = 16_381 - taken - 1;
    await bench.ledger.metadata.write('state', (tx) => {
      for (let number = 0; number < rest; number++) ipam.claim(request()).take(tx, { holder, lease: 'l' });
    });
    expect((bench.ledger.looks() - before) / rest).toBeLessThan(2);
    await expect(bench.add(ipam)).rejects.toMatchObject({
      message: 'no address is left in 10.88.0.0/18: 16381 in all, 16381 held, 0 cooling down',
    });
    bench.ledger.release('10.88.50.7');
    expect(await bench.add(ipam)).toEqual(['10.88.50.7']);
  });

  it.each(['is told that it has missed something', 'meets what it has missed'])(
    'finds what was released unheard once it %s',
    async (how) => {
      const ipam = await bench.open('10.88.0.0/22');
      for (let count = 0; count < 1021; count++) await bench.add(ipam);
      bench.ledger.setDeaf(true);
      bench.ledger.release('10.88.2.200');
      bench.ledger.setDeaf(false);
      await bench.clock.advance(COOLDOWN_MS);
      if (how.startsWith('meets')) {
        const tries = [];
        for (let round = 0; round < 8; round++) tries.push(await bench.add(ipam).catch(() => []));
        expect(tries.flat()).toEqual(['10.88.2.200']);
      } else {
        await expect(bench.add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
        bench.ledger.lag();
        for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
        expect(await bench.add(ipam)).toEqual(['10.88.2.200']);
      }
    },
  );

  it('never has two holders for one address, and finds a free one as long as there is one', async () => {
    const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(40)), { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom('10.88.0.0/28', '10.88.0.0/27'), async (ops, subnet) => {
        bench[Symbol.dispose]();
        bench = new RangeBench();
        const ipam = await bench.open(subnet);
        const size = subnet.endsWith('28') ? 13 : 29;
        const held = new Set<string>();
        for (const op of ops) {
          if (op === 'add' && held.size < size) {
            const [address = ''] = await bench.add(ipam);
            expect(held.has(address)).toBe(false);
            held.add(address);
          } else if (op === 'add') await expect(bench.add(ipam)).rejects.toMatchObject({ code: 'ipam.exhausted' });
          else {
            const address = [...held][op];
            if (address === undefined) continue;
            bench.ledger.release(address);
            held.delete(address);
            await bench.clock.advance(COOLDOWN_MS);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
