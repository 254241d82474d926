import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { dotted, type KeyPath } from './key-path.ts';
import { keyLines } from './positions.ts';

const linesOf = (...lines: readonly string[]) => Object.fromEntries(keyLines(lines.join('\n')));

describe('the line of a key', () => {
  it('is that of its pair, whatever way the table is written', () => {
    expect(
      linesOf(
        '# remark', // 1
        'root = "/a" # [x]',
        "text = '''",
        'fake = 1', // 4
        "'''",
        'a.b."c d" = 1',
        '', // 7
        '[plugins."t.v1.x"]',
        'list = [',
        '  1,', // 10
        '  { k = [2] }]',
        '[[rows]]',
        'q = 1', // 13
        '[[rows]]',
        'q = 2',
        '[rows.sub]', // 16
        'z = 1',
      ),
    ).toEqual({
      root: 2,
      text: 3,
      a: 6,
      'a.b': 6,
      'a.b."c d"': 6,
      plugins: 8,
      'plugins."t.v1.x"': 8,
      'plugins."t.v1.x".list': 9,
      'plugins."t.v1.x".list[0]': 10,
      'plugins."t.v1.x".list[1]': 11,
      'plugins."t.v1.x".list[1].k': 11,
      'plugins."t.v1.x".list[1].k[0]': 11,
      rows: 12,
      'rows[0]': 12,
      'rows[0].q': 13,
      'rows[1]': 14,
      'rows[1].q': 15,
      'rows[1].sub': 16,
      'rows[1].sub.z': 17,
    });
  });

  it('is known for every value of a document that the parser accepts', () => {
    const key = fc.oneof(fc.stringMatching(/^[a-z_-]{1,6}$/), fc.string({ minLength: 1, maxLength: 5 }));
    const document = fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
      table: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.string(),
        fc.array(fc.integer(), { maxLength: 3 }),
        fc.array(tie('table'), { minLength: 1, maxLength: 2 }),
        tie('table'),
      ),
    })).table;
    fc.assert(
      fc.property(document, (table) => {
        const text = stringify(table);
        const count = text.split('\n').length;
        const lines = keyLines(text);
        for (const path of pathsIn(table)) expect(lines.get(dotted(path)), `${dotted(path)} in\n${text}`).toBeLessThanOrEqual(count);
      }),
      { numRuns: 300 },
    );
  });

  it('is not known in what can not be understood', () => {
    expect(linesOf('a = = 1')).toEqual({});
    expect(linesOf(`${'a.'.repeat(30_000)}a = 1`)).not.toBeUndefined();
  });
});

/** The paths of all values that are neither tables nor lists. */
function pathsIn(value: unknown, path: KeyPath = []): readonly KeyPath[] {
  if (Array.isArray(value)) return value.flatMap((element: unknown, index) => pathsIn(element, [...path, index]));
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...path, key]));
  return [path];
}
