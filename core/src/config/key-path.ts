/** The way to a value in a config: keys of tables and indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** As it is written in TOML: `plugins."hawser.ipam.v1.range".ranges[0]`. */
export function dotted(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${bareOrQuoted(part)}`;
  }
  return text;
}

/** A key as TOML has it: quoted where it must be. */
export function bareOrQuoted(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/** A dotted key as TOML has it, without indexes, or undefined where the text is none: the way back from `dotted`. */
export function readDotted(text: string): readonly string[] | undefined {
  const part = /[ \t]*(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*")|'([^']*)')[ \t]*(\.|$)/y;
  const path: string[] = [];
  for (;;) {
    const found = part.exec(text);
    const key = found === null ? undefined : (found[1] ?? found[3] ?? unquoted(found[2]));
    if (found === null || key === undefined) return undefined;
    path.push(key);
    if (found[4] === '') return path;
  }
}

/** TOML's escapes are JSON's but for two that no key needs. */
function unquoted(text = ''): string | undefined {
  try {
    const key: unknown = JSON.parse(text);
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
