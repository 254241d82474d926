import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressCount,
  canonicalCidr,
  canonicalIp,
  type Cidr,
  contains,
  formatCidr,
  formatIp,
  hostCount,
  type Ip,
  ipBits,
  lastIp,
  networkOf,
  nextIp,
  overlaps,
  parseCidr,
  parseIp,
} from './cidr.ts';

const family = fc.constantFrom(4 as const, 6 as const);
const ip: fc.Arbitrary<Ip> = family.chain((of) =>
  fc.bigInt({ min: 0n, max: (1n << BigInt(ipBits(of))) - 1n }).map((value) => ({ family: of, value })),
);
const cidr: fc.Arbitrary<Cidr> = ip.chain((address) => fc.nat(ipBits(address.family)).map((length) => ({ ...address, length })));

describe('addresses and prefixes', () => {
  it('reads what it writes', () => {
    fc.assert(fc.property(ip, (address) => void expect(parseIp(formatIp(address))).toEqual(address)));
    fc.assert(fc.property(cidr, (prefix) => void expect(parseCidr(formatCidr(prefix))).toEqual(prefix)));
  });

  it('has every address of a prefix between its network and its last address', () => {
    fc.assert(
      fc.property(cidr, ip, (prefix, address) => {
        const inside =
          prefix.family === address.family && networkOf(prefix).value <= address.value && address.value <= lastIp(prefix).value;
        expect(contains(prefix, address)).toBe(inside);
        expect(contains(prefix, prefix)).toBe(true);
        expect(lastIp(prefix).value - networkOf(prefix).value + 1n).toBe(addressCount(prefix));
      }),
    );
  });

  it('finds overlaps whichever is the larger', () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const shared = a.family === b.family && networkOf(a).value <= lastIp(b).value && networkOf(b).value <= lastIp(a).value;
        expect(overlaps(a, b)).toBe(shared);
        expect(overlaps(b, a)).toBe(shared);
      }),
    );
  });

  it.each([
    ['10.88.0.0/16', 65_534n],
    ['10.88.0.0/30', 2n],
    ['10.88.0.0/31', 2n],
    ['10.88.0.1/32', 1n],
    ['fd00::/126', 3n],
    ['fd00::/64', 2n ** 64n - 1n],
  ])('counts the hosts of %s', (text, count) => {
    const parsed = parseCidr(text);
    expect(parsed && hostCount(parsed)).toBe(count);
  });

  it('goes on to the next address, and nowhere from the last', () => {
    const next = (text: string): string | undefined => {
      const parsed = parseIp(text);
      const following = parsed && nextIp(parsed);
      return following && formatIp(following);
    };
    expect([next('10.88.0.255'), next('fd00::ffff'), next('255.255.255.255')]).toEqual(['10.88.1.0', 'fd00::1:0', undefined]);
    expect(next('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')).toBeUndefined();
  });

  it('writes one text for one address', () => {
    expect(canonicalIp('FD00:0088:0:0::5')).toBe('fd00:88::5');
    expect(canonicalCidr('FD00:88:0::5/064')).toBeUndefined();
    expect(canonicalCidr('FD00:88:0::5/64')).toBe('fd00:88::5/64');
  });

  it.each(['', '10.88.0', '10.88.0.256', '010.88.0.1', 'fe80::1%eth0', '::g', ' 10.0.0.1'])('takes %j for no address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it.each(['10.88.0.0', '10.88.0.0/', '10.88.0.0/33', '10.88.0.0/-1', '10.88.0.0/8/8', 'fd00::/129', '/8', '10.0.0.0/1e1'])(
    'takes %j for no prefix',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});
