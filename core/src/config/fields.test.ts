import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { cidr, count, duration, identifier, ifname, ipAddress, mac, path, pciAddress, size, text } from './fields.ts';
import { durationUnits, readMeasure, sizeUnits, writeMeasure } from './units.ts';

const accepts = (schema: z.ZodType, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : `refused: ${parsed.error.issues[0]?.message}`;
};

describe('fields', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['cidr', cidr(), 'fd00:88::/64', 'fd00:88::/64'],
    ['cidr', cidr(), '10.0.0.0/33', 'refused: expected a range such as 10.88.0.0/16 or fd00:88::/64, not "10.0.0.0/33"'],
    ['cidr', cidr(), '10.0.0.0/08', 'refused: expected a range such as 10.88.0.0/16 or fd00:88::/64, not "10.0.0.0/08"'],
    ['cidr', cidr(), '10.0.0.1', 'refused: expected a range such as 10.88.0.0/16 or fd00:88::/64, not "10.0.0.1"'],
    ['cidr', cidr(), 'fe80::1%eth0/64', 'refused: expected a range such as 10.88.0.0/16 or fd00:88::/64, not "fe80::1%eth0/64"'],
    ['ipAddress', ipAddress(), '::1', '::1'],
    ['ipAddress', ipAddress(), '1.2.3', 'refused: expected an IP address, not "1.2.3"'],
    ['ifname', ifname(), 'eth0.100', 'eth0.100'],
    [
      'ifname',
      ifname(),
      'a-name-of-16-byt',
      'refused: expected a link name of at most 15 bytes without slash, colon or space, not "a-name-of-16-byt"',
    ],
    ['ifname', ifname(), '..', 'refused: expected a link name of at most 15 bytes without slash, colon or space, not ".."'],
    ['mac', mac(), '0A:58:0a:58:00:05', '0a:58:0a:58:00:05'],
    ['mac', mac(), '0a:58', 'refused: expected a MAC address such as 0a:58:0a:58:00:05, not "0a:58"'],
    ['path', path(), '/a/b', '/a/b'],
    ['path', path(), 'a', 'refused: expected an absolute path, not "a"'],
    ['identifier', identifier(), 'a.b-c_d', 'a.b-c_d'],
    ['identifier', identifier(), 'a..b', 'refused: expected letters and digits, joined by single dots, dashes or underscores, not "a..b"'],
    ['duration', duration(), '1h30m', 5_400_000],
    ['duration', duration(), '1.5s', 1500],
    ['duration', duration(), '0s', 0],
    ['duration', duration(), '30', 'refused: expected a duration such as "30s" or "1h30m", not "30"'],
    ['duration', duration(), '3toString', 'refused: expected a duration such as "30s" or "1h30m", not "3toString"'],
    ['duration', duration(), '99999999999999999999d', 'refused: expected a duration such as "30s" or "1h30m", not "99999999999999999999d"'],
    ['size', size(), '64MiB', 67_108_864],
    ['size', size(), '1kB', 1000],
    ['duration', duration(), '24d', 2_073_600_000],
    ['duration', duration(), '25d', 'refused: expected at most 24d, not "25d"'],
    ['duration', duration({ max: '3650d' }), '25d', 2_160_000_000],
    ['duration', duration({ min: '1s', max: '1m' }), '999ms', 'refused: expected at least 1s, not "999ms"'],
    ['duration', duration({ min: '1s', max: '1m' }), '1m', 60_000],
    ['size', size({ min: '1MiB' }), '1MB', 'refused: expected at least 1MiB, not "1MB"'],
    ['size', size(), '9007199254740993B', 'refused: expected a size such as "64MiB", not "9007199254740993B"'],
    ['path', path(), `/${'a'.repeat(4094)}`, `/${'a'.repeat(4094)}`],
    ['path', path(), `/${'ä'.repeat(2048)}`, `refused: expected an absolute path, not "/${'ä'.repeat(55)}…`],
    ['path', path(), '/a\0b', 'refused: expected an absolute path, not "/a\\u0000b"'],
    ['pciAddress', pciAddress(), '0000:3b:00.1', '0000:3b:00.1'],
    ['pciAddress', pciAddress(), '3B:1f.7', '0000:3b:1f.7'],
    ['pciAddress', pciAddress(), '10000:e1:00.0', '10000:e1:00.0'],
    ['pciAddress', pciAddress(), '0000:3b:20.1', 'refused: expected a PCI address such as 0000:3b:00.1, not "0000:3b:20.1"'],
    ['pciAddress', pciAddress(), '0000:3b:00.8', 'refused: expected a PCI address such as 0000:3b:00.1, not "0000:3b:00.8"'],
    ['pciAddress', pciAddress(), '000:3b:00.1', 'refused: expected a PCI address such as 0000:3b:00.1, not "000:3b:00.1"'],
    ['pciAddress', pciAddress(), '0000:3b:00.1\n', 'refused: expected a PCI address such as 0000:3b:00.1, not "0000:3b:00.1\\n"'],
    ['count', count({ min: 1, max: 64 }), 64, 64],
    ['count', count({ min: 1, max: 64 }), 65, 'refused: Too big: expected number to be <=64'],
    ['count', count({ max: 64 }), 1.5, 'refused: Invalid input: expected int, received number'],
    ['text', text(), 'a b', 'a b'],
    ['text', text({ max: 3 }), 'abcd', 'refused: Too big: expected string to have <=3 characters'],
    ['text', text(), 'a\nb', 'refused: expected text on one line, not "a\\nb"'],
    ['size', size(), '64mib', 'refused: expected a size such as "64MiB", not "64mib"'],
  ])('%s', (_, schema, value, expected) => {
    expect(accepts(schema, value)).toBe(expected);
  });

  it('of durations and sizes are written as they are read', () => {
    for (const units of [durationUnits, sizeUnits]) {
      fc.assert(fc.property(fc.maxSafeNat(), (value) => readMeasure(writeMeasure(value, units), units) === value));
    }
    expect([writeMeasure(30_000, durationUnits), writeMeasure(0, durationUnits), writeMeasure(2 ** 26, sizeUnits)]).toEqual([
      '30s',
      '0ms',
      '64MiB',
    ]);
  });

  it('never throw, whatever the text', () => {
    const schemas = [
      cidr(),
      ipAddress(),
      ifname(),
      mac(),
      path(),
      pciAddress(),
      identifier(),
      duration(),
      size(),
      text(),
      count({ max: 9 }),
    ];
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.anything()), (value) => schemas.forEach((schema) => schema.safeParse(value))),
    );
  });

  it('say nothing that leads to exponential time', () => {
    const begun = performance.now();
    duration().safeParse(`${'1'.repeat(50_000)}!`);
    duration().safeParse('1a'.repeat(30_000));
    identifier().safeParse('a'.repeat(50_000));
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
