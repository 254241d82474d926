import { systemRandom } from '../../context/index.ts';
import type { FileMigration } from '../../config/index.ts';
import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { DEFAULT_CONFIG, isForPeople } from '../globals.ts';

async function run(assembly: Assembly, { global, options, output }: Invocation): Promise<void> {
  const { migrateConfig, writeMigrations } = await import('../../config/index.ts');
  const write = options['write'] === true;
  const plugins = await pluginsOf(assembly);
  const { proxies } = assembly;
  const migrations = await migrateConfig({ file: global.config, plugins, proxies, missingOk: global.config === DEFAULT_CONFIG });
  if (write) await writeMigrations(migrations, systemRandom);
  for (const migration of migrations) for (const line of remarks(migration)) output.note(line);
  if (isForPeople(global.output)) {
    if (migrations.length === 0) output.note('nothing is of an older version');
    else output.result(forPeople(migrations, write));
  } else output.result({ files: migrations.map((migration) => forPrograms(migration, write)) });
}

/** One file alone can be redirected as it is. */
function forPeople(migrations: readonly FileMigration[], written: boolean): string {
  if (written) return migrations.map(({ file }) => `written: ${file}\n`).join('');
  if (migrations.length === 1) return migrations[0]?.after ?? '';
  return migrations.map(({ file, after }) => `# --- ${file}\n${after}`).join('\n');
}

const forPrograms = ({ file, raised, commentsKept, after }: FileMigration, written: boolean) => ({
  file,
  raised: raised.map((one) => ({ ...one })),
  commentsKept,
  written,
  text: after,
});

function remarks({ file, raised, commentsKept }: FileMigration): readonly string[] {
  const lines = raised.map(({ key, from, to }) => `${file}: ${key} ${from} → ${to}`);
  return commentsKept ? lines : [...lines, `${file}: written anew, its comments are lost`];
}

/** `config migrate`. */
export const configMigrateCommand = (assembly: Assembly): CommandSpec => ({
  name: 'migrate',
  summary: 'Bring the config files to the versions that this agent and its plugins read; prints them unless told to write.',
  options: [{ flags: '--write', description: 'put the migrated files in place of the old ones' }],
  examples: [
    ['hawser config migrate', 'what it would come to'],
    ['hawser config migrate --write', 'each file replaced at once, comments kept'],
  ],
  run: (invocation) => run(assembly, invocation),
});
