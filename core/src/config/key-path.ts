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
