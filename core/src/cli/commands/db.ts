import { resolve } from 'node:path';
import { textArgument, textOption } from '../arguments.ts';
import type { Assembly } from '../assembly.ts';
import type { CommandSpec, Invocation, OptionSpec } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { readConfig } from '../read-config.ts';
import { toJson } from '../view.ts';

const STORE: OptionSpec = { flags: '--store <store>', description: 'which of the two stores', choices: ['root', 'state'], default: 'root' };

const storeOf = (invocation: Invocation): 'root' | 'state' => (textOption(invocation, 'store') === 'state' ? 'state' : 'root');

async function check(assembly: Assembly, { global, output }: Invocation): Promise<number> {
  const { checkStores } = await import('../check-stores.ts');
  const config = await readConfig(assembly, global);
  const found = await output.progress('reading every record', () => checkStores(config));
  const rows = found.map(({ store, status, path, damage }) => [store, status, path, damage?.message ?? '']);
  output.result(found.map(toJson), { columns: ['STORE', 'STATUS', 'PATH', 'DAMAGE'], rows });
  return found.some((store) => store.status === 'damaged') ? EXIT.failed : EXIT.done;
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
  summary: 'The store: its soundness, its size, its backups.',
  commands: [
    {
      name: 'check',
      summary: 'Read every record of both stores, while no agent has them open; exit 1 when one is damaged.',
      run: (invocation) => check(assembly, invocation),
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
