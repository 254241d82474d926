import type { AnyPlugin } from '../../plugin/definition.ts';
import { textArgument } from '../arguments.ts';
import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import type { CommandSpec } from '../command.ts';
import { nearest } from '../../plugin/nearest.ts';
import { cliErrors } from '../errors.ts';
import { exitCodeOf } from '../exit-code.ts';
import { type Column, list, show } from '../view.ts';
import { SUMMARIES } from './summaries.ts';

const COLUMNS: readonly Column<CatalogueEntry>[] = [
  ['CODE', ({ code }) => code],
  ['KIND', ({ kind }) => kind],
  ['REMEDY', ({ remedy }) => remedy],
];

/** Nobody needs every schema and every plugin but who asks for their errors. */
async function load(assembly: Assembly) {
  const { catalogueMarkdown, errorCatalogue, KINDS } = await import('../catalogue.ts');
  return { catalogueMarkdown, KINDS, entries: errorCatalogue([...(await pluginsOf(assembly)), ...(await proxiedBy(assembly))]) };
}

/** One of each kind of plugin that another process can provide. */
async function proxiedBy({ proxies }: Assembly): Promise<readonly AnyPlugin[]> {
  const factory = await proxies?.();
  return factory?.types.map((type) => factory.plugin('any', type)) ?? [];
}

function noSuchError(code: string, entries: readonly CatalogueEntry[]): Error {
  const near = nearest(
    code,
    entries.map((entry) => entry.code),
  );
  return cliErrors.noSuchError(`there is no error '${code}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
}

export const errorsCommand = (assembly: Assembly): CommandSpec => ({
  name: 'errors',
  summary: SUMMARIES.errors,
  commands: [
    {
      name: 'ls',
      summary: 'List every error that the agent and its plugins can tell.',
      run: async (invocation) => list(invocation, { columns: COLUMNS }, (await load(assembly)).entries),
    },
    {
      name: 'show',
      summary: 'Explain one error.',
      arguments: [
        {
          name: '<code>',
          description: 'its code, as an error line ends with it',
          offers: async () => (await load(assembly)).entries.map(({ code }) => code),
        },
      ],
      examples: [['hawser errors show ipam.exhausted', 'what it means when no address is left']],
      run: async (invocation) => {
        const { entries, KINDS } = await load(assembly);
        const code = textArgument(invocation, 0);
        const found = entries.find((entry) => entry.code === code);
        if (found === undefined) throw noSuchError(code, entries);
        const explained = { ...found, means: KINDS[found.kind], exitCode: exitCodeOf(found) };
        show(invocation, [...COLUMNS, ['MEANS', () => explained.means], ['EXIT', () => String(explained.exitCode)]], explained);
      },
    },
    {
      name: 'docs',
      summary: 'Print the catalogue in Markdown.',
      run: async ({ output }) => {
        const { catalogueMarkdown, entries } = await load(assembly);
        output.result(catalogueMarkdown(entries));
      },
    },
  ],
});
