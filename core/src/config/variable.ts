/** How the names of variables begin that override the config. */
export const PREFIX = 'HAWSER_CONFIG__';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that overrides the config. */
export interface Variable {
  readonly name: string;
  readonly text: string;
}

/** The variables that override the config, in the order of their names. */
export function variablesIn(environment: Environment): readonly Variable[] {
  return Object.entries(environment)
    .flatMap(([name, text]) => (text !== undefined && name.startsWith(PREFIX) ? [{ name, text }] : []))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The key that a variable's name begins with, as `PLUGINS`. */
export const firstPart = ({ name }: Variable): string => upper(name.slice(PREFIX.length).split('__', 1)[0] ?? '');

/** A key as it stands in the name of a variable: upper case, with `_` for whatever is neither letter nor digit. */
export const upper = (key: string): string => key.toUpperCase().replace(/[^A-Z0-9]/g, '_');

/** The state folder that the environment sets, for who reads nothing else of a config. */
export function stateFolderIn(environment: Environment): string | undefined {
  return variablesIn(environment).findLast(({ name }) => upper(name.slice(PREFIX.length)) === 'STATE')?.text;
}
