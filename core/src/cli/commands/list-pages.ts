import type { Listings } from '../../api/client.ts';
import type { DamagedRecord } from '../../api/list-query.ts';
import { CHECK_STORE } from '../../metadata/errors.ts';
import { listArgument, textOption } from '../arguments.ts';
import type { ArgumentSpec, Invocation, OptionSpec } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { list, type Listing } from '../view.ts';

/** What every `ls` takes. */
export const FILTERS: ArgumentSpec = {
  name: '[filter...]',
  description: 'field==value, field!=value, field~=regexp or field; a comma means and, another filter means or',
};

/** What an `ls` takes whose items the agent gives in pages. */
export const PAGES: readonly OptionSpec[] = [
  { flags: '--limit <number>', description: 'this many at most; all unless told' },
  { flags: '--after <cursor>', description: 'go on where a list with --limit has ended' },
];

/** Lists what the agent finds by the filters: all of it, or one page where `--limit` or `--after` is given. */
export async function listPages<R, T extends object>(
  invocation: Invocation,
  columns: Listing<T>,
  listings: Listings<R>,
  view: (record: R) => T,
): Promise<number> {
  const filters = listArgument(invocation, 0);
  const [limit, after] = [limitOption(invocation), textOption(invocation, 'after')];
  if (limit === undefined && after === undefined) {
    const damaged: DamagedRecord[] = [];
    list(invocation, columns, (await listings.list(invocation.signal, { filters }, (one) => void damaged.push(one))).map(view));
    return tell(invocation, damaged);
  }
  const selection = { filters, ...(limit === undefined ? {} : { limit }), ...(after === undefined ? {} : { after }) };
  const { items, next, damaged = [] } = await listings.page(invocation.signal, selection);
  list(invocation, columns, items.map(view));
  if (next !== undefined) invocation.output.note(`there may be more: go on with --after ${next}`);
  return tell(invocation, damaged);
}

/** What people are told of a record that is left out. */
export const leftOut = ({ message }: DamagedRecord): string => `left out: ${message}. ${CHECK_STORE}`;

/** The exit code of a list that leaves these out. */
function tell({ output }: Invocation, damaged: readonly DamagedRecord[]): number {
  for (const one of damaged) output.note(leftOut(one));
  return damaged.length === 0 ? EXIT.done : EXIT.failed;
}

function limitOption(invocation: Invocation): number | undefined {
  const text = textOption(invocation, 'limit');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw cliErrors.invalidValue(`--limit: ${JSON.stringify(text)} is no number of items`, { remedy: 'Give a number from 1 to 5000.' });
  return Number(text);
}
