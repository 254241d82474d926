import { expect, test } from 'vitest';
import { codeBlocks, fileLinks, generatedParts, lowered, tableRows } from './markdown.ts';

test('blocks carry their language and the line where they begin', () => {
  const page = [
    '# Title',
    '```ts file=src/a.ts#part',
    'const a = 1;',
    '```',
    'text',
    '````md',
    '```sh',
    'npm test',
    '```',
    '````',
    '```',
    'plain',
    '```',
  ].join('\n');
  expect(codeBlocks('page.md', page)).toEqual([
    { file: 'page.md', line: 3, language: 'ts', info: 'file=src/a.ts#part', lines: ['const a = 1;'] },
    { file: 'page.md', line: 7, language: 'md', info: '', lines: ['```sh', 'npm test', '```'] },
    { file: 'page.md', line: 12, language: '', info: '', lines: ['plain'] },
  ]);
});

test('links to files and to headings are found, links to the web are not', () => {
  expect(fileLinks('[a](docs/a.md#part)\n[b](https://example.org) [c](#here) ![d](d.svg)')).toEqual([
    [1, 'docs/a.md', 'part'],
    [2, '', 'here'],
    [2, 'd.svg', ''],
  ]);
});

test('generated parts are replaced by what their command prints, the rest stays', () => {
  const page = 'a\n<!-- generated: hawser x y -->\nold\n<!-- /generated -->\nb\n<!-- generated: hawser z -->\n<!-- /generated -->\n';
  const fresh = generatedParts(page, (command) => `$& of ${command}\n`);
  expect(fresh).toBe(
    'a\n<!-- generated: hawser x y -->\n\n$& of hawser x y\n\n<!-- /generated -->\nb\n<!-- generated: hawser z -->\n\n$& of hawser z\n\n<!-- /generated -->\n',
  );
  expect(generatedParts(fresh, (command) => `$& of ${command}\n`)).toBe(fresh);
});

test('a page in a page has no title, and its headings are one level lower', () => {
  expect(lowered('# Title\n## Part\n```toml\n# remark\n```\n### Sub')).toBe('### Part\n```toml\n# remark\n```\n#### Sub');
});

test('tables are read row by row, but for their rules and what stands in fences', () => {
  const page = ['| a | b |', '|---|:--|', '| one | two \\| three |', '', '```', '| no | row |', '```', '| last | |'].join('\n');
  expect(tableRows(page)).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 3, cells: ['one', 'two \\| three'] },
    { line: 8, cells: ['last', ''] },
  ]);
});
