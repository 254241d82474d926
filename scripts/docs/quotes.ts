/**
 * Blocks of Markdown that quote a file: behind the language stands `file=src/pair.ts` (all of it), `file=src/pair.ts#mode`
 * (what stands between its lines `#region mode` and `#endregion`, in comments of whatever kind) or `file=src/pair.ts#L3-L9`.
 * Names of files are relative to the page, as in links.
 */
import { dirname, join } from 'node:path';
import { type CodeBlock, codeBlocks } from '../markdown.ts';

/** The text of a file, or undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/** What a block says that it quotes; undefined for one that quotes nothing. */
export const quoted = ({ info }: CodeBlock): string | undefined => /(?:^|\s)file=(\S+)/.exec(info)?.[1];

/** A sentence for each block of a page that isn't what its file has now. */
export function quoteFaults(page: string, read: ReadText): readonly string[] {
  return codeBlocks(page, read(page) ?? '').flatMap((block) => {
    const source = quoted(block);
    if (source === undefined) return [];
    const part = partOf(source, page, read);
    if ('fault' in part) return [`${page}:${block.line - 1}: ${part.fault}`];
    const at = differsAt(block.lines, part.lines);
    return at === undefined ? [] : [`${page}:${block.line + at}: ${source} says otherwise; run \`npm run docs\``];
  });
}

/** A page whose quotes are made anew; those whose file or part is missing stay as they are. */
export function refreshedQuotes(page: string, read: ReadText): string {
  const lines = (read(page) ?? '').split('\n');
  for (const block of codeBlocks(page, lines.join('\n')).toReversed()) {
    const source = quoted(block);
    const part = source === undefined ? undefined : partOf(source, page, read);
    if (part !== undefined && 'lines' in part) lines.splice(block.line - 1, block.lines.length, ...part.lines);
  }
  return lines.join('\n');
}

type Part = { readonly lines: readonly string[] } | { readonly fault: string };

function partOf(source: string, page: string, read: ReadText): Part {
  const [, path = '', anchor = ''] = /^([^#]*)#?(.*)$/.exec(source) ?? [];
  const text = read(join(dirname(page), path));
  if (text === undefined) return { fault: `quotes ${path}, which is not there` };
  const lines = text.replace(/\n$/, '').split('\n');
  const [, from = '', to = from] = /^L(\d+)(?:-L(\d+))?$/.exec(anchor) ?? [];
  if (anchor === '') return { lines: lines.filter((line) => regionMark(line) === undefined) };
  if (from === '') return regionOf(lines, anchor, path);
  if (Number(from) < 1 || Number(to) < Number(from) || Number(to) > lines.length)
    return { fault: `quotes lines ${from} to ${to} of ${path}, which has ${lines.length}` };
  return { lines: dedented(lines.slice(Number(from) - 1, Number(to))) };
}

/** `#region name` or `#endregion name` behind the sign of a comment. */
function regionMark(line: string): { readonly kind: 'begin' | 'end'; readonly name: string } | undefined {
  const [, end = '', name = ''] = /^\s*(?:\/\/|#|--|<!--|\/\*)\s*#(end)?region\b\s*([\w-]*)/.exec(line) ?? [];
  return end === '' && name === '' ? undefined : { kind: end === '' ? 'begin' : 'end', name };
}

function regionOf(lines: readonly string[], name: string, path: string): Part {
  const begins = lines.flatMap((line, index) => (isMark(line, 'begin', name) ? [index] : []));
  const [begin] = begins;
  if (begin === undefined) return { fault: `quotes the region '${name}' of ${path}, which has none` };
  if (begins.length > 1) return { fault: `quotes the region '${name}' of ${path}, which has ${begins.length} of them` };
  const length = lines.slice(begin + 1).findIndex((line) => isMark(line, 'end', name));
  if (length < 0) return { fault: `quotes the region '${name}' of ${path}, which has no \`#endregion ${name}\`` };
  return { lines: dedented(lines.slice(begin + 1, begin + 1 + length).filter((line) => regionMark(line) === undefined)) };
}

function isMark(line: string, kind: 'begin' | 'end', name: string): boolean {
  const mark = regionMark(line);
  return mark?.kind === kind && mark.name === name;
}

/** The same lines without the blanks that all of them begin with. */
function dedented(lines: readonly string[]): readonly string[] {
  const depth = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return Number.isFinite(depth) ? lines.map((line) => line.slice(depth)) : lines;
}

/** Index of the first line that differs. */
function differsAt(block: readonly string[], part: readonly string[]): number | undefined {
  if (block.length === part.length && block.every((line, index) => line === part[index])) return undefined;
  const at = block.findIndex((line, index) => line !== part[index]);
  return at < 0 ? block.length : at;
}
