import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, formatMac, parseAddress, parseCidr, parseMac } from './address-text.ts';

const invalid = expect.objectContaining({ code: 'host.invalid' });

describe('text of addresses', () => {
  it('comes back from any bytes', () => {
    const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
    fc.assert(
      fc.property(fc.oneof(bytes(4), bytes(16)), (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
    fc.assert(
      fc.property(bytes(6), (mac) => {
        expect(parseMac(formatMac(mac))).toEqual(mac);
      }),
    );
  });

  it('is canonical', () => {
    expect(formatAddress(parseAddress('FD00:0088:0:0:0:0:0:5'))).toBe('fd00:88::5');
  });

  it.each(['', '10.1', '0x7f.0.0.1', '10.0.0.256', '010.0.0.1', 'fe80::1%eth0', '::g', '10.0.0.1 '])('%j is no address', (text) => {
    expect(() => parseAddress(text)).toThrow(invalid);
  });

  it.each(['10.0.0.1', '10.0.0.1/', '10.0.0.1/33', '10.0.0.1/-1', '10.0.0.1/1e1', '10.0.0.1/08', 'fd00::/129', '/8'])(
    '%j is no prefix',
    (text) => {
      expect(() => parseCidr(text)).toThrow(invalid);
    },
  );

  it('is quoted in an error as far as an address can be long', () => {
    const text = '1'.repeat(10_000);
    for (const parse of [parseAddress, parseCidr, parseMac]) expect(() => parse(text)).toThrow(/^'1{59}…' is no /);
  });
});
