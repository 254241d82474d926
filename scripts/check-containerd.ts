/**
 * Holds docs/containerd.md to the tests: each row of its tables names files that are there and titles that stand in them,
 * or says in a sentence why there is no test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type TableRow, tableRows } from './markdown.ts';

const PAGE = 'docs/containerd.md';
/** `file` › a part of a title; several are parted by ` · `. */
const REFERENCE = /^`([^`]+)` › (\S.*)$/;
const REASON = /^none: \S.*\.$/;

const rows = tableRows(readFileSync(PAGE, 'utf8')).filter(({ cells: [what] }) => what !== 'what');
const faults = rows.flatMap((row) => faultsOf(row).map((fault) => `${PAGE}:${row.line}: ${row.cells[0]}: ${fault}`));
if (rows.length === 0) faults.push(`${PAGE}: has no rows`);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

function faultsOf({ cells: [what = '', tests = '', ...more] }: TableRow): readonly string[] {
  if (what === '' || tests === '' || more.length > 0) return ['a row says what, and which test holds it'];
  if (tests.startsWith('none')) return REASON.test(tests) ? [] : ['`none: ` is followed by a sentence that says why'];
  return tests.split(' · ').flatMap((reference) => referenceFault(reference) ?? []);
}

function referenceFault(reference: string): string | undefined {
  const [, file = '', title = ''] = REFERENCE.exec(reference) ?? [];
  if (title === '') return `is neither \`file\` › title nor a reason: ${reference}`;
  if (!existsSync(file)) return `there is no ${file}`;
  return hasTitle(readFileSync(file, 'utf8'), title) ? undefined : `${file} has no title with '${title}'`;
}

/** Whether a text between quotes has these words: a comment doesn't count. */
function hasTitle(source: string, title: string): boolean {
  return source.split('\n').some((line) => {
    const at = line.indexOf(title);
    return at > 0 && /['"`]/.test(line.slice(0, at)) && !/^\s*(?:\/?\*|\/\/)/.test(line);
  });
}
