import { expect, test } from 'vitest';
import { quoteFaults, refreshedQuotes } from './quotes.ts';

const SOURCE = ['before();', 'function f() {', '  // #region inner', '  one();', '', '    two();', '  // #endregion inner', '}', ''].join(
  '\n',
);

/** A page in docs/ with one quote in its lines 3 and following, beside a file in src/. */
const files =
  (info: string, ...lines: readonly string[]) =>
  (path: string) =>
    new Map([
      ['docs/page.md', ['# Page', `\`\`\`ts ${info}`, ...lines, '```', 'text', '```ts', 'not a quote', '```', ''].join('\n')],
      ['src/a.ts', SOURCE],
      ['src/twice.sh', '# #region a\n# #endregion a\n# #region a\n# #endregion a\n# #region open\nx\n'],
    ]).get(path);

const faults = (info: string, ...lines: readonly string[]) => quoteFaults('docs/page.md', files(info, ...lines));

test('a block that is its region, its lines or its file is no fault; what all its lines are indented by is left out', () => {
  expect(faults('file=../src/a.ts#inner', 'one();', '', '  two();')).toEqual([]);
  expect(faults('file=../src/a.ts#L1-L2', 'before();', 'function f() {')).toEqual([]);
  expect(faults('file=../src/a.ts#L1', 'before();')).toEqual([]);
  expect(faults('title file=../src/a.ts', 'before();', 'function f() {', '  one();', '', '    two();', '}')).toEqual([]);
  expect(faults('title', 'whatever')).toEqual([]);
});

test('a stale one is told with page, line and remedy', () => {
  const stale = (line: number) => [`docs/page.md:${line}: ../src/a.ts#inner says otherwise; run \`npm run docs\``];
  expect(faults('file=../src/a.ts#inner', 'one();', '', '  three();')).toEqual(stale(5));
  expect(faults('file=../src/a.ts#inner', 'one();')).toEqual(stale(4));
  expect(faults('file=../src/a.ts#inner', 'one();', '', '  two();', 'more();')).toEqual(stale(6));
});

test('a file, region or line that is not there is told, and so is a region that is there twice or has no end', () => {
  expect(faults('file=../src/b.ts')).toEqual(['docs/page.md:2: quotes ../src/b.ts, which is not there']);
  expect(faults('file=../src/a.ts#outer')).toEqual(["docs/page.md:2: quotes the region 'outer' of ../src/a.ts, which has none"]);
  expect(faults('file=../src/a.ts#L7-L99')).toEqual(['docs/page.md:2: quotes lines 7 to 99 of ../src/a.ts, which has 8']);
  expect(faults('file=../src/a.ts#L3-L2')).toEqual(['docs/page.md:2: quotes lines 3 to 2 of ../src/a.ts, which has 8']);
  expect(faults('file=../src/twice.sh#a')).toEqual(["docs/page.md:2: quotes the region 'a' of ../src/twice.sh, which has 2 of them"]);
  expect(faults('file=../src/twice.sh#open')).toEqual([
    "docs/page.md:2: quotes the region 'open' of ../src/twice.sh, which has no `#endregion open`",
  ]);
});

test('a refresh brings quotes up to date, leaves everything else, and is then without faults', () => {
  const read = files('file=../src/a.ts#inner', 'old');
  const fresh = refreshedQuotes('docs/page.md', read);
  expect(fresh).toBe(files('file=../src/a.ts#inner', 'one();', '', '  two();')('docs/page.md'));
  expect(quoteFaults('docs/page.md', (path) => (path === 'docs/page.md' ? fresh : read(path)))).toEqual([]);
  const missing = files('file=../src/b.ts', 'stays');
  expect(refreshedQuotes('docs/page.md', missing)).toBe(missing('docs/page.md'));
});
