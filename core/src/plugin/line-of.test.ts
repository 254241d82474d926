import { expect, test } from 'vitest';
import { lineOf } from './line-of.ts';

const stack = (...lines: readonly string[]): Error => Object.assign(new Error('x'), { stack: lines.join('\n') });

test.each([
  [
    stack(
      'file:///a/syntax.js:7',
      'export default {;',
      "SyntaxError: Unexpected token ';'",
      '    at compileSourceTextModule (node:internal/x:1:2)',
    ),
    ' (/a/syntax.js:7)',
  ],
  [stack('Error: kaboom', '    at file:///a/throws.js:1:7', '    at ModuleJob.run (node:internal/x:1:2)'), ' (/a/throws.js:1)'],
  [stack('Error: of', 'two lines', '    at one (file:///a/deep.js:3:7)', '    at file:///a/throws.js:1:7'), ' (/a/deep.js:3)'],
  [stack("Error: Cannot find package 'x'", '    at resolve (node:internal/x:1:2)', '    at file:///a/b.js:1:1'), ''],
  [stack('Error'), ''],
  [Object.assign(new Error('x'), { stack: undefined }), ''],
  [null, ''],
])('the line of what fails: %#', (thrown, line) => expect(lineOf(thrown)).toBe(line));
