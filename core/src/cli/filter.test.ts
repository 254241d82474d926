import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFilters } from './filter.ts';

const record = {
  state: 'attached',
  pod: { namespace: 'shop', name: 'web-1' },
  labels: { 'a.b': 'c,d' },
  ips: [{ address: '10.88.0.5/16' }, { address: 'fd00::5/64' }],
  count: 3,
  empty: '',
};
const matches = (...filters: string[]) => parseFilters(filters)(record);

describe('filters', () => {
  test.each([
    [[], true],
    [['state==attached'], true],
    [['state==detaching'], false],
    [['state!=detaching'], true],
    [['state!=attached'], false],
    [['pod.namespace==shop,pod.name~=^web-\\d$'], true],
    [['pod.namespace==shop,pod.name==db'], false],
    [['pod.namespace==other', 'count==3'], true],
    [['labels."a.b"=="c,d"'], true],
    [['labels."a.b"'], true],
    [['labels.x'], false],
    [['empty'], false],
    [['ips.address==fd00::5/64'], true],
    [['ips.address~="^192\\\\."'], false],
    [['none!=x'], true],
    [[' state == attached , count == 3 '], true],
    [['constructor'], false],
    [['state=='], false],
    [['empty=='], true],
  ])('%j → %s', (filters, expected) => {
    expect(matches(...filters)).toBe(expected);
  });

  test.each(['', 'state=attached', 'state>3', 'a..b', 'a==b,', ',a', 'a=="b', 'a~=[', 'a==b c,', 'a == b || c', 'état'])(
    '%j is refused',
    (filter) => {
      expect(() => matches(filter)).toThrow(expect.objectContaining({ code: 'cli.invalid_filter' }));
    },
  );

  test('any text is either read or refused with the code', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '"', '\\', '=', '!', '~', ',', ' ', '(') }), (filter) => {
        try {
          matches(filter);
        } catch (error) {
          expect(error).toMatchObject({ code: 'cli.invalid_filter' });
        }
      }),
    );
  });

  test('every value can be asked for in quotes', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const quoted = value.replace(/["\\]/g, '\\$&');
        expect(parseFilters([`field=="${quoted}"`])({ field: value })).toBe(true);
      }),
    );
  });
});
