import * as fc from 'fast-check';
import { change, elementChanges, type Entries, entriesOf, entryKey, wholeTable } from '../../../plugins/host/linux/src/nft/ruleset.ts';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const KEYS = ['nftables', 'set', 'elem', 'concat', 'prefix', 'addr', 'len', 'name', 'family', 'table', 'metainfo'];
const PIECES = [
  ...KEYS.map((key) => `"${key}":`),
  '"local4"',
  '"local6"',
  '"10.88.0.5"',
  '"10.88.0.0"',
  '"fd00:88::5"',
  '16',
  '{',
  '}',
  '[',
  ']',
  ',',
  'null',
];

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('local4', 'local6', '10.88.0.5', 'fd00:88::5', '', null, 16, -1, true, '__proto__'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS, '__proto__', 'constructor'), tie('value'), { maxKeys: 3 }),
  ),
})).value;
const prefix = fc.record({
  addr: fc.constantFrom('10.88.0.0', 'fd00:88::', '10.89.0.0'),
  len: fc.oneof(fc.integer({ min: 0, max: 128 }), value),
});
const element = fc.record({
  concat: fc.tuple(
    fc.constantFrom('10.88.0.5', 'fd00:88::5', '10.88.0.6'),
    fc.oneof(
      prefix.map((one) => ({ prefix: one })),
      value,
    ),
  ),
});
const set = fc.record({
  set: fc.record({
    name: fc.constantFrom('local4', 'local6', 'other'),
    elem: fc.array(fc.oneof({ weight: 4, arbitrary: element }, value), { maxLength: 4 }),
  }),
});
const listing = fc.record({ nftables: fc.array(fc.oneof({ weight: 4, arbitrary: set }, value), { maxLength: 4 }) });

/** What `nft -j list table` prints. */
export const nft: FuzzTarget = {
  name: 'nft',
  summary: 'JSON of nft: entries with a source and a subnet or nothing, and changes that lead from one set of them to another',
  format: 'text',
  pieces: PIECES,
  grammar: fc.oneof({ weight: 4, arbitrary: listing }, value).map((one) => JSON.stringify(one)),
  runs: 1_000,
  open: () => ({
    attempt(input) {
      let value: unknown;
      try {
        value = JSON.parse(input.toString());
      } catch {
        return;
      }
      const entries = entriesOf(value);
      for (const [key, entry] of entries) hold(entryKey(entry) === key && entry.subnet.includes('/'), 'an entry under another’s name');
      checkChanges(new Map(), entries);
      checkChanges(entries, new Map([...entries].slice(1)));
      hold(JSON.stringify(wholeTable('hawser', entries)).length > 0, 'no table');
    },
  }),
};

/** Carried out, they make one of the other. */
function checkChanges(from: Entries, to: Entries): void {
  const held = new Map(from);
  for (const { verb, set: name, entries } of elementChanges(from, to)) {
    for (const entry of name === 'local' ? entries : []) {
      if (verb === 'add') held.set(entryKey(entry), entry);
      else hold(held.delete(entryKey(entry)), 'what is not there is deleted');
    }
  }
  hold(JSON.stringify([...held.keys()].sort()) === JSON.stringify([...to.keys()].sort()), 'the changes lead elsewhere');
  change('hawser', from, to);
}
