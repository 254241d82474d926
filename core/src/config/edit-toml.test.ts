import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../json.ts';
import { editToml } from './edit-toml.ts';

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'plugins', 'x.y', '"'),
  fc.string({ minLength: 1, maxLength: 3 }).filter((text) => text !== '__proto__'),
);
const document = fc.letrec<{ table: JsonObject; value: JsonValue }>((tie) => ({
  table: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.boolean(),
    fc.string(),
    fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 3 }),
    fc.array(tie('table'), { maxLength: 2 }),
    tie('table'),
  ),
})).table;

describe('an edited document', () => {
  it('says what it is to say, whatever it said before', () => {
    fc.assert(
      fc.property(document, document, (before, after) => {
        const { text } = editToml(stringify(before), before, after);
        expect(parse(text)).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });

  it('of which nothing has changed is the same text', () => {
    const text = 'a   =  0x1F # x\n\n\n[ b ]\nc = """\nd"""\n';
    expect(editToml(text, parse(text) as JsonObject, parse(text) as JsonObject)).toEqual({ text, commentsKept: true });
  });

  it('says so when it had to be written anew', () => {
    const { text, commentsKept } = editToml('a = = 1', {}, { a: 1 });
    expect([parse(text), commentsKept]).toEqual([{ a: 1 }, false]);
  });
});
