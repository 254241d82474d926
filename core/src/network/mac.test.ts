import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIp } from './cidr.ts';
import { canonicalMac, isStationMac, macOfIp, macOfText } from './mac.ts';

describe('MAC addresses', () => {
  it.each([
    ['0A:58:0A:58:00:05', '0a:58:0a:58:00:05'],
    ['0A-58-0A-58-00-05', '0a:58:0a:58:00:05'],
    ['0a58.0a58.0005', '0a:58:0a:58:00:05'],
    ['0a:58:0a:58:00', undefined],
    ['0a:58-0a:58:00:05', undefined],
    ['', undefined],
  ])('writes %j as %j', (text, expected) => {
    expect(canonicalMac(text)).toBe(expected);
  });

  it('knows what a station may have', () => {
    expect(['0a:58:0a:58:00:05', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', ''].map(isStationMac)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('goes with an address', () => {
    const v4 = parseIp('10.88.0.5');
    const v6 = parseIp('fd00:88::5');
    expect(v4 && macOfIp(v4)).toBe('0a:58:0a:58:00:05');
    expect(v6 && isStationMac(macOfIp(v6))).toBe(true);
  });

  it('is a station of local administration, and the same for the same text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const mac = macOfText(text);
        expect(isStationMac(mac)).toBe(true);
        expect(Number.parseInt(mac.slice(0, 2), 16) & 3).toBe(2);
        expect(macOfText(text)).toBe(mac);
      }),
    );
  });
});
