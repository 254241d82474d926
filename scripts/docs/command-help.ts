/** What a command takes, as its `--help` says. */
export interface CommandHelp {
  readonly commands: readonly string[];
  /** Flag, long or short → whether a value belongs to it. */
  readonly options: ReadonlyMap<string, boolean>;
  /** How many words it takes beside options. */
  readonly least: number;
  readonly most: number;
}

/** Reads what commander prints. */
export function parseHelp(text: string): CommandHelp {
  const usage = (/^Usage: (.*(?:\n {2,}.*)*)/.exec(text)?.[1] ?? '').replaceAll(/\[(options|command)\]/g, '');
  const words = [...usage.matchAll(/([<[])[^<>[\]]+?(\.\.\.)?[>\]]/g)];
  return {
    commands: entries(text, 'Commands').flatMap((entry) => /^([a-z][\w|-]*)/.exec(entry)?.[1]?.split('|') ?? []),
    options: new Map(
      entries(text, 'Options').flatMap((entry) => {
        const [, flags = '', value] = /^(-[\w-]+(?:, -[\w-]+)*)( [<[])?/.exec(entry) ?? [];
        return flags.split(', ').map((flag) => [flag, value !== undefined] as const);
      }),
    ),
    least: words.filter(([, bracket]) => bracket === '<').length,
    most: words.some(([, , more]) => more !== undefined) ? Number.POSITIVE_INFINITY : words.length,
  };
}

/** The entries below a heading: lines with two blanks before them; what is further in goes on with an entry. */
function entries(text: string, heading: string): readonly string[] {
  const section = new RegExp(`^${heading}:\\n((?: .*\\n?|\\n)*)`, 'm').exec(text)?.[1] ?? '';
  return [...section.matchAll(/^ {2}(\S.*)$/gm)].map(([, entry = '']) => entry);
}

/** What is wrong with the words behind `hawser`; undefined where nothing is. `help` gives the help of a path of commands. */
export function hawserFault(args: readonly string[], help: (path: readonly string[]) => CommandHelp): string | undefined {
  const global = help([]).options;
  const path: string[] = [];
  let here = help(path);
  let given = 0;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    const name = ['hawser', ...path].join(' ');
    if (word.startsWith('-') && word !== '-') {
      const [flag = '', value] = word.split('=', 2);
      const takes = here.options.get(flag) ?? global.get(flag);
      if (takes === undefined) return `${name} has no option ${flag}`;
      if (takes && value === undefined && args[++at] === undefined) return `${name} ${flag} lacks its value`;
    } else if (given === 0 && here.commands.includes(word)) {
      path.push(word);
      here = help(path);
    } else if (here.most === 0 && here.commands.length > 0) return `${name} has no command '${word}'`;
    else given++;
  }
  if (given > here.most) return `${['hawser', ...path].join(' ')} takes ${here.most} words, not ${given}`;
  if (given < here.least) return `${['hawser', ...path].join(' ')} wants ${here.least} words, not ${given}`;
  return undefined;
}
