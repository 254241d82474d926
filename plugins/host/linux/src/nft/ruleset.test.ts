import fc from 'fast-check';
import type { Masquerade } from '@hawser/core/network';
import { describe, expect, it } from 'vitest';
import { type Entries, type Ruleset, change, entriesOf, entryKey, wholeTable } from './ruleset.ts';

const entry = (source: string, subnet: string): Masquerade => ({ source, subnet });
const entries = (...all: readonly Masquerade[]): Entries => new Map(all.map((each) => [entryKey(each), each]));

const A = entry('10.88.0.5', '10.88.0.0/16');
const A2 = entry('10.88.0.5', '10.99.0.0/16');
const B = entry('fd00:88::5', 'fd00:88::/64');

/** `add local4 2` for a command that adds two elements to a set. */
const brief = (ruleset: Ruleset): string[] =>
  ruleset.map((command) => {
    const [verb = '', what] = Object.entries(command)[0] ?? [];
    const element = JSON.parse(JSON.stringify(what)).element;
    return element === undefined ? `${verb} ${Object.keys(Object(what))[0]}` : `${verb} ${element.name} ${element.elem.length}`;
  });

describe('our table', () => {
  it('is made whole, whatever was there', () => {
    expect(brief(wholeTable('hawser', entries(A, B))).slice(0, 3)).toEqual(['add table', 'delete table', 'add table']);
    expect(brief(wholeTable('hawser', entries(A, B))).slice(-4)).toEqual([
      'add local4 1',
      'add local6 1',
      'add sources4 1',
      'add sources6 1',
    ]);
  });

  it('goes with the last entry', () => {
    expect(brief(wholeTable('hawser', entries()))).toEqual(['add table', 'delete table']);
  });

  it('changes by elements', () => {
    expect(change('hawser', entries(A), entries(A))).toEqual([]);
    expect(brief(change('hawser', entries(A), entries(A, B)))).toEqual(['add local6 1', 'add sources6 1']);
    expect(brief(change('hawser', entries(A, B), entries(B)))).toEqual(['delete sources4 1', 'delete local4 1']);
  });

  it('keeps a source while one of its subnets is left', () => {
    expect(brief(change('hawser', entries(A, A2), entries(A2)))).toEqual(['delete local4 1']);
  });
});

describe('a listing', () => {
  const listing = (...elem: readonly unknown[]) => ({
    nftables: [{ metainfo: {} }, { set: { name: 'local4', elem } }, { set: { name: 'sources4', elem: ['10.0.0.1'] } }],
  });

  it('has our entries', () => {
    const pair = { concat: ['10.88.0.5', { prefix: { addr: '10.88.0.0', len: 16 } }] };
    expect([...entriesOf(listing(pair, { concat: ['10.88.0.6', '10.88.0.7'] })).values()]).toEqual([A, entry('10.88.0.6', '10.88.0.7/32')]);
  });

  it('with anything else in it has fewer, without harm', () => {
    expect(entriesOf(listing({ concat: [1, 2] }, 'x', null, { concat: ['a', { range: ['b', 'c'] }] })).size).toBe(0);
    fc.assert(
      fc.property(
        fc.jsonValue(),
        (value) => void entriesOf({ nftables: [value, { set: value }, { set: { name: 'local4', elem: value } }] }),
      ),
    );
  });
});
