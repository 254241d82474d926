import { HawserError } from '../errors/index.ts';

/**
 * ` (/path/to/it.js:12)`: the line at which an import has failed, by a stack that begins with it, as where a name that is
 * imported is not exported, or whose first frame it is. Empty where the stack begins elsewhere, and for errors of the catalogue.
 */
export function lineOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || thrown instanceof HawserError) return '';
  const [first = '', ...others] = (thrown.stack ?? '').split('\n');
  const frame = others.find((line) => /^ {4}at /.test(line)) ?? '';
  const [, place] = /^(?:file:\/\/)?(\/\S+:\d+)$/.exec(first) ?? /(?:^ {4}at |\()(?:file:\/\/)?(\/[^\s:]+:\d+)/.exec(frame) ?? [];
  return place === undefined ? '' : ` (${place})`;
}
