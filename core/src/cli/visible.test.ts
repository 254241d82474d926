import { expect, test } from 'vitest';
import { visible } from './visible.ts';

test.each([
  ['plain ünïcode\n\ttext', 'plain ünïcode\n\ttext'],
  ['\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
  ['\u001b[2Jcleared', '\\x1b[2Jcleared'],
  ['back\rover', 'back\\x0dover'],
  ['\u001b]0;title\u0007\u009b', '\\x1b]0;title\\x07\\x9b'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});
