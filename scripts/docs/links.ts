import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileLinks } from '../markdown.ts';
import type { ReadText } from './quotes.ts';

/** Links of a page that lead to no file of the repository, or to no heading of a page. */
export function linkFaults(page: string, read: ReadText): readonly string[] {
  return fileLinks(read(page) ?? '').flatMap(([line, target, heading]) => {
    const file = target === '' ? page : join(dirname(page), target);
    if (read(file) === undefined && !existsSync(file)) return [`${page}:${line}: there is no ${target}`];
    if (heading === '' || !file.endsWith('.md') || headingsOf(read(file) ?? '').has(heading)) return [];
    return [`${page}:${line}: ${target === '' ? 'this page' : target} has no heading '#${heading}'`];
  });
}

/** The names by which headings are linked to, as GitHub makes them. */
export function headingsOf(content: string): ReadonlySet<string> {
  let fenced = false;
  const names = content.split('\n').flatMap((line) => {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const [, title] = fenced ? [] : (/^#{1,6} (.+)$/.exec(line) ?? []);
    return title === undefined ? [] : [slug(title)];
  });
  return new Set(names);
}

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
