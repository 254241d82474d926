import { resolve } from 'node:path';
import { flag, textArgument, textOption } from '../arguments.ts';
import type { Assembly } from '../assembly.ts';
import type { CheckedStore } from '../check-stores.ts';
import type { CommandSpec, Invocation, OptionSpec } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { readConfig } from '../read-config.ts';
import { toJson } from '../view.ts';
import { SUMMARIES } from './summaries.ts';

const STORE: OptionSpec = { flags: '--store <store>', description: 'which of the two stores', choices: ['root', 'state'], default: 'root' };

const storeOf = (invocation: Invocation): 'root' | 'state' => (textOption(invocation, 'store') === 'state' ? 'state' : 'root');

async function check(assembly: Assembly, invocation: Invocation): Promise<number> {
  const { checkStores } = await import('../check-stores.ts');
  const { global, output } = invocation;
  const config = await readConfig(assembly, global);
  const found = await output.progress('reading every record', () => checkStores(config, { repair: flag(invocation, 'repair') }));
  output.result(found.map(toJson), { columns: ['STORE', 'STATUS', 'PATH', 'FOUND'], rows: found.map(rowOf) });
  for (const { store, repaired, findings } of found) {
    for (const { namespace, what } of repaired) output.note(`repaired in ${store}/${namespace}: ${what}`);
    for (const { namespace, what, means, remedy } of findings) output.note(`${store}/${namespace}: ${what}: ${means}. ${remedy}`);
  }
  return found.some(({ status }) => BAD.has(status)) ? EXIT.failed : EXIT.done;
}

const BAD: ReadonlySet<CheckedStore['status']> = new Set(['damaged', 'inconsistent', 'newer']);

function rowOf({ store, status, path, damage, findings }: CheckedStore): readonly string[] {
  const disagreements = findings.length === 0 ? '' : `${findings.length} disagreement${findings.length === 1 ? '' : 's'}`;
  return [store, status, path, damage?.message ?? disagreements];
}

async function compact(assembly: Assembly, { global, output }: Invocation): Promise<void> {
  const { compactStores } = await import('../check-stores.ts');
  const config = await readConfig(assembly, global);
  const done = await output.progress('compacting', () => compactStores(config));
  output.result(done.map(toJson), {
    columns: ['STORE', 'BEFORE', 'AFTER', 'PATH'],
    rows: done.map(({ store, beforeBytes, afterBytes, path }) => [store, String(beforeBytes), String(afterBytes), path]),
  });
}

async function restore(assembly: Assembly, invocation: Invocation): Promise<void> {
  const { restoreStore } = await import('../../metadata/maintenance.ts');
  const config = await readConfig(assembly, invocation.global);
  const store = storeOf(invocation);
  const former = await invocation.output.progress('restoring', () =>
    restoreStore(store, config[store], resolve(textArgument(invocation, 0))),
  );
  invocation.output.note(`the ${store} store is restored${former === undefined ? '' : `; what was there is kept at ${former}`}`);
}

async function stats({ client, signal, output }: Invocation): Promise<void> {
  const stores = await client.db.stats(signal);
  const rows = Object.entries(stores).map(([name, one]) => [
    name,
    String(one.entries),
    String(one.sizeBytes),
    String(one.schemaVersion),
    one.path,
  ]);
  output.result(toJson(stores), { columns: ['STORE', 'ENTRIES', 'BYTES', 'SCHEMA', 'PATH'], rows });
}

async function backup(invocation: Invocation): Promise<void> {
  const { client, signal, output } = invocation;
  const folder = resolve(textArgument(invocation, 0));
  const store = storeOf(invocation);
  await output.progress('copying', () => client.db.backup(store, folder, signal));
  output.note(`the ${store} store is copied to ${folder}`);
}

export const dbCommand = (assembly: Assembly): CommandSpec => ({
  name: 'db',
  summary: SUMMARIES.db,
  commands: [
    {
      name: 'check',
      summary: 'Read every record of both stores and what they say of one another, while no agent runs; exit 1 when something is wrong.',
      options: [
        {
          flags: '--repair',
          description: 'make anew what other records tell (indexes, links), and mend records of which one bit has changed',
        },
      ],
      examples: [['hawser db check --repair', 'what is derived is made anew, the rest is told']],
      run: (invocation) => check(assembly, invocation),
    },
    {
      name: 'compact',
      summary: 'Give the space back that the stores have let go of, while no agent runs.',
      examples: [['hawser db compact', 'bytes before and after']],
      run: (invocation) => compact(assembly, invocation),
    },
    { name: 'stats', summary: "Show the stores' sizes.", run: stats },
    {
      name: 'backup',
      summary: 'Copy a store while the agent uses it; the agent writes the copy.',
      arguments: [{ name: '<folder>', description: 'a folder that is empty or not there yet' }],
      options: [STORE],
      examples: [['hawser db backup /var/backups/hawser-today', 'a consistent copy of the durable store']],
      run: backup,
    },
    {
      name: 'restore',
      summary: 'Put a backup in the place of a store, while no agent runs; what was there is kept beside it.',
      arguments: [{ name: '<backup>', description: 'the folder of a backup, or the file in it' }],
      options: [STORE],
      examples: [['hawser db restore /var/backups/hawser-today', 'the durable store as it was']],
      run: (invocation) => restore(assembly, invocation),
    },
  ],
});
