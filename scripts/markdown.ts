import { readFileSync } from 'node:fs';

/** One fenced block of a Markdown file. */
export interface CodeBlock {
  readonly file: string;
  /** Line of the file that the block's first line is, counted from 1. */
  readonly line: number;
  /** The word behind the fence: `ts`, `sh`; empty where there is none. */
  readonly language: string;
  /** What stands behind that word: `file=src/pair.ts#mode`. */
  readonly info: string;
  readonly lines: readonly string[];
}

/** The fenced blocks of a Markdown file, in order. */
export function codeBlocks(file: string, content = readFileSync(file, 'utf8')): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly fence: string; readonly block: CodeBlock & { readonly lines: string[] } } | undefined;
  for (const [index, text] of content.split('\n').entries()) {
    const [, fence = '', language = '', info = ''] = /^\s*(`{3,}|~{3,})\s*(\w*)\s*(.*?)\s*$/.exec(text) ?? [];
    if (open === undefined && fence !== '') open = { fence, block: { file, line: index + 2, language, info, lines: [] } };
    else if (open !== undefined && fence.startsWith(open.fence) && language === '') {
      blocks.push(open.block);
      open = undefined;
    } else open?.block.lines.push(text);
  }
  return blocks;
}

/** Targets of links to other files of the repository (empty: the page itself) and the headings they lead to, with their lines. */
export function fileLinks(content: string): readonly (readonly [line: number, target: string, heading: string])[] {
  return content
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)].flatMap(([, target = '', heading = '']) =>
        /^[a-z]+:/.test(target) || (target === '' && heading === '') ? [] : [[index + 1, target, heading] as const],
      ),
    );
}

/** One row of a table, without the outer bars. */
export interface TableRow {
  /** Counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of all tables outside of fences, headings included, the rules below them not. */
export function tableRows(content: string): readonly TableRow[] {
  let fenced = false;
  return content.split('\n').flatMap((text, index) => {
    if (text.startsWith('```')) fenced = !fenced;
    if (fenced || !text.startsWith('|') || /^[|:\s-]+$/.test(text)) return [];
    const inner = text.trim().replace(/^\||(?<!\\)\|$/g, '');
    return [{ line: index + 1, cells: inner.split(/(?<!\\)\|/).map((cell) => cell.trim()) }];
  });
}

/** A page with its generated parts made anew: `print` says what a command prints. */
export function generatedParts(content: string, print: (command: string) => string): string {
  return content.replace(
    /^(<!-- generated: (.+) -->\n)[^]*?^(<!-- \/generated -->)$/gm,
    (_, opening: string, command: string, closing: string) => `${opening}\n${print(command).trim()}\n\n${closing}`,
  );
}

/** A page as a part of another one: without its title, headings one level lower. Fenced blocks stay as they are. */
export function lowered(page: string): string {
  let fenced = false;
  return page
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('```')) fenced = !fenced;
      if (fenced) return [line];
      if (line.startsWith('# ')) return [];
      return [line.startsWith('#') ? `#${line}` : line];
    })
    .join('\n');
}
