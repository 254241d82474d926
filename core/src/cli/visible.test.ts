import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { visible, visibleJson, visibleLine } from './visible.ts';

test.each([
  ['plain ünïcode\n\ttext', 'plain ünïcode\n\ttext'],
  ['\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
  ['\u001b[8mhidden\u001b[30;40m', '\\x1b[8mhidden\\x1b[30;40m'],
  ['\u001b[2Jcleared', '\\x1b[2Jcleared'],
  ['back\rover', 'back\\x0dover'],
  ['\u001b]0;title\u0007\u009b', '\\x1b]0;title\\x07\\x9b'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('nobody makes a second line of one, and what paints a cell stays', () => {
  expect(visibleLine('pod\nroot\tok\u2028x \u001b[32mok\u001b[39m \u001b[5mblinks')).toBe(
    'pod\\x0aroot\\x09ok x \u001b[32mok\u001b[39m \\x1b[5mblinks',
  );
});

test('JSON and YAML say the same, without what a terminal would take for its own', () => {
  const value = { 'a\u009b2J': ['\u007f\u0085', '\u001b[2J', 'ü'] };
  for (const text of [JSON.stringify(value), stringify(value)]) {
    expect(visibleJson(text)).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(parse(visibleJson(text))).toEqual(value);
  }
});
