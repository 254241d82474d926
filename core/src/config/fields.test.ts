import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { cidr, duration, identifier, ifname, ipAddress, mac, path, size } from './fields.ts';
import { durationUnits, readMeasure, sizeUnits, writeMeasure } from './units.ts';

const accepts = (schema: z.ZodType, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : `refused: ${parsed.error.issues[0]?.message}`;
};

describe('fields', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['cidr', cidr(), 'fd00:88::/64', 'fd00:88::/64'],
    ['cidr', cidr(), '10.0.0.0/33', 'refused: expected a range such as 10.88.0.0/16 or fd00:88::/64, not "10.0.0.0/33"'],
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
    const schemas = [cidr(), ipAddress(), ifname(), mac(), path(), identifier(), duration(), size()];
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
