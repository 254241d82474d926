import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { parseRanges, type RangeConfig } from './range.ts';

const faults = (...ranges: RangeConfig[]): readonly string[] =>
  parseRanges(ranges).faults.map(({ index, message }) => `${index}: ${message}`);

describe('ranges in the config', () => {
  it('leaves out the network, the broadcast address and the gateway', () => {
    const { ranges } = parseRanges(['10.88.0.0/24', { subnet: 'fd00:88::/64', gateway: 'fd00:88::ff' }]);
    expect(ranges.map(({ name, total, first, gateway }) => [name, total, gateway - first])).toEqual([
      ['10.88.0.0/24', 253n, 0n],
      ['fd00:88::/64', 2n ** 64n - 2n, 254n],
    ]);
  });

  it('takes several ranges of one subnet', () => {
    const cut = (range_start: string, range_end: string): RangeConfig => ({ subnet: '10.88.0.0/24', range_start, range_end });
    expect(faults(cut('10.88.0.10', '10.88.0.19'), cut('10.88.0.30', '10.88.0.39'))).toEqual([]);
    expect(faults(cut('10.88.0.10', '10.88.0.19'), cut('10.88.0.19', '10.88.0.39'))).toEqual([
      '1: 10.88.0.0/24 (10.88.0.19 to 10.88.0.39) overlaps with 10.88.0.0/24 (10.88.0.10 to 10.88.0.19)',
    ]);
    expect(
      faults(
        { subnet: '10.88.0.0/24', range_end: '10.88.0.9' },
        { subnet: '10.88.0.0/24', range_start: '10.88.0.10', gateway: '10.88.0.254' },
      ),
    ).toEqual(['1: two ranges of 10.88.0.0/24 have different gateways']);
  });

  it.each<[RangeConfig, string]>([
    ['10.88.0.5/24', '10.88.0.5/24 has host bits set; write 10.88.0.0/24'],
    ['10.88.0.0/31', '10.88.0.0/31 has no room for a gateway and a container; the longest prefix is /30'],
    ['fd00:88::/127', 'fd00:88::/127 has no room for a gateway and a container; the longest prefix is /126'],
    ['127.1.0.0/16', '127.1.0.0/16 overlaps with 127.0.0.0/8, which is loopback'],
    ['0.0.0.0/0', '0.0.0.0/0 overlaps with 0.0.0.0/8, which is this network'],
    ['fe80::/64', 'fe80::/64 overlaps with fe80::/10, which is link-local'],
    [{ subnet: '10.88.0.0/24', gateway: '10.89.0.1' }, 'gateway 10.89.0.1 lies outside of 10.88.0.0/24'],
    [{ subnet: '10.88.0.0/24', gateway: '10.88.0.0' }, 'gateway 10.88.0.0 is the network address of 10.88.0.0/24'],
    [{ subnet: '10.88.0.0/24', gateway: '10.88.0.255' }, 'gateway 10.88.0.255 is the broadcast address of 10.88.0.0/24'],
    [{ subnet: '10.88.0.0/24', range_start: 'fd00::1' }, 'range_start fd00::1 lies outside of 10.88.0.0/24'],
    [{ subnet: '10.88.0.0/24', range_start: '10.88.0.9', range_end: '10.88.0.8' }, 'range_start 10.88.0.9 lies after range_end 10.88.0.8'],
    [
      { subnet: '10.88.0.0/24', range_start: '10.88.0.1', range_end: '10.88.0.1' },
      'the range of 10.88.0.0/24 has no address besides its gateway 10.88.0.1',
    ],
  ])('refuses %j', (config, message) => {
    expect(faults(config)).toEqual([`0: ${message}`]);
  });

  it('refuses ranges that overlap', () => {
    expect(faults('10.88.0.0/16', 'fd00::/64', '10.88.7.0/24', '10.88.0.0/16')).toEqual([
      '2: 10.88.7.0/24 overlaps with 10.88.0.0/16',
      '3: 10.88.0.0/16 is there twice',
    ]);
  });

  it('tells all faults of the config at their keys', () => {
    const { error } = Config.safeParse({ ranges: ['10.88.0.0/16', '10.88.1.0/24', '10.90.0.1/16'], cooldown: 'soon' });
    expect(error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      'ranges.1: 10.88.1.0/24 overlaps with 10.88.0.0/16',
      'ranges.2: 10.90.0.1/16 has host bits set; write 10.90.0.0/16',
      'cooldown: expected a duration such as "30s" or "1h30m", not "soon"',
    ]);
    expect(Config.parse({ ranges: ['10.88.0.0/16'] }).cooldown).toBe(30_000);
    expect(Config.safeParse({ ranges: [] }).success).toBe(false);
    expect(Config.safeParse({ ranges: ['ten'] }).success).toBe(false);
  });
});
