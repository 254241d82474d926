import { parseDuration } from '../api/duration.ts';
import type { Invocation } from './command.ts';
import { cliErrors } from './errors.ts';

/** A positional argument that the command declares as one text. */
export function textArgument({ arguments: values }: Invocation, index: number): string {
  const value = values[index];
  if (typeof value !== 'string') throw cliErrors.usage(`argument ${index + 1} is missing`);
  if (value === '') throw cliErrors.usage(`argument ${index + 1} is empty`);
  return value;
}

/** A positional argument that may be left out. */
export function optionalArgument({ arguments: values }: Invocation, index: number): string | undefined {
  const value = values[index];
  return typeof value === 'string' ? value : undefined;
}

/** A positional argument that takes the rest. */
export function listArgument({ arguments: values }: Invocation, index: number): readonly string[] {
  const value = values[index];
  return typeof value === 'string' ? [value] : (value ?? []);
}

/** An option that takes one text; undefined where it was not given. */
export function textOption({ options }: Invocation, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** A repeatable option; empty where it was not given. */
export function listOption({ options }: Invocation, name: string): readonly string[] {
  const value = options[name];
  return typeof value === 'object' ? value : typeof value === 'string' ? [value] : [];
}

/** Whether an option without a value was given. */
export const flag = ({ options }: Invocation, name: string): boolean => options[name] === true;

/** An option that takes `30s`, `10m`, … */
export function durationOption(invocation: Invocation, name: string): number | undefined {
  const text = textOption(invocation, name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0)
    throw cliErrors.invalidValue(`--${name}: ${JSON.stringify(text)} is not a duration`, { remedy: 'Write it like 30s, 10m, 2h or 1d.' });
  return ms;
}

/** An option of `key=value` pairs. */
export function pairsOption(invocation: Invocation, name: string): Readonly<Record<string, string>> {
  return pairs(listOption(invocation, name), `--${name}`);
}

/** `key=value` pairs; `what` says where they stand. */
export function pairs(texts: readonly string[], what: string): Readonly<Record<string, string>> {
  const entries = texts.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw cliErrors.invalidValue(`${what}: ${JSON.stringify(pair)} is not a pair`, { remedy: 'Write it like key=value.' });
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}
