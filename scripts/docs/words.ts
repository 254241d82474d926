/** One command of a shell's line: its words, without what is put before it (`sudo`, `A=b`) and without redirections. */
export type SimpleCommand = readonly string[];

/**
 * The commands of a block's lines, with the line that each begins in, counted from 0. As much of a shell's language as examples
 * use: quotes, comments, `\` at the end of a line, `|`, `&&`, `||`, `;`, `&`, redirections. What stands in quotes is one word.
 */
export function commandsIn(lines: readonly string[]): readonly (readonly [line: number, command: SimpleCommand])[] {
  const commands: (readonly [number, SimpleCommand])[] = [];
  let continued = '';
  for (const [index, line] of lines.entries()) {
    const text = continued + line.replace(/^\s*\$ /, '');
    continued = text.endsWith('\\') ? `${text.slice(0, -1)} ` : '';
    if (continued === '') for (const command of split(text)) commands.push([index, command]);
  }
  return commands;
}

const TOKEN = /\s*(?:(#.*)|(&&|\|\||[|;&])|((?:\d?>>?&?|<)\s*\S+)|((?:'[^']*'|"[^"]*"|[^\s|;&<>'"])+))/y;

function* split(text: string): Generator<SimpleCommand> {
  let words: string[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [, comment, operator, , word] = found;
    if (comment !== undefined) break;
    if (word !== undefined) words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => String(single ?? double)));
    if (operator === undefined) continue;
    if (words.length > 0) yield bare(words);
    words = [];
  }
  if (words.length > 0) yield bare(words);
}

function bare(words: readonly string[]): SimpleCommand {
  const start = words.findIndex((word) => word !== 'sudo' && !/^[A-Z_]\w*=/.test(word));
  return start < 0 ? [] : words.slice(start);
}
