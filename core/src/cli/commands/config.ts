import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { isForPeople } from '../globals.ts';
import { readConfig } from '../read-config.ts';
import { configMigrateCommand } from './config-migrate.ts';
import { configReloadCommand } from './config-reload.ts';
import { SUMMARIES } from './summaries.ts';

/** The schemas of all plugins take a moment to load. */
const loadConfigModules = () => import('../../config/index.ts');

async function dump(assembly: Assembly, { global, output }: Invocation): Promise<void> {
  const { dumpConfig } = await loadConfigModules();
  const { toml, json } = dumpConfig(await readConfig(assembly, global));
  output.result(isForPeople(global.output) ? toml : json);
}

async function check(assembly: Assembly, { global, output }: Invocation): Promise<void> {
  const { graphInvalid, planBoot } = await import('../../plugin/index.ts');
  const { withCoreRequired } = await import('../../agent/core-required.ts');
  const config = await readConfig(assembly, global);
  const { order, faults } = planBoot(config.allPlugins, withCoreRequired(config));
  if (faults.length > 0) throw graphInvalid(faults);
  for (const { file, line, key, message, remedy } of config.warnings) {
    output.note(`${file}${line === undefined ? '' : `:${line}`}: ${key} ${message}. ${remedy}`);
  }
  const on = order.filter((plugin) => plugin.disabled === undefined).map((plugin) => plugin.uri);
  const files = config.files.length === 0 ? 'no file, all defaults' : config.files.join(', ');
  output.result(
    { ok: true, files: config.files, plugins: on, warnings: config.warnings.map((warning) => ({ ...warning })) },
    {
      columns: [],
      rows: [
        ['config:', `valid (${files})`],
        ['plugins:', `${on.length} on`],
      ],
    },
  );
}

export const configCommand = (assembly: Assembly): CommandSpec => ({
  name: 'config',
  summary: SUMMARIES.config,
  commands: [
    {
      name: 'default',
      summary: 'Print a commented config with every default.',
      examples: [['hawser config default > /etc/hawser/config.toml', 'a file to begin with']],
      run: async ({ output }) => output.result((await loadConfigModules()).defaultConfigToml(await pluginsOf(assembly))),
    },
    {
      name: 'dump',
      summary: 'Print the effective config with the file that each value comes from.',
      run: (invocation) => dump(assembly, invocation),
    },
    {
      name: 'check',
      summary: 'Check the config and the wiring of its plugins; tells all faults at once, exit 2.',
      run: (invocation) => check(assembly, invocation),
    },
    configReloadCommand,
    configMigrateCommand(assembly),
    {
      name: 'schema',
      summary: 'Print the JSON Schema of the config file.',
      run: async ({ output }) => output.result((await loadConfigModules()).configJsonSchema(await pluginsOf(assembly))),
    },
    {
      name: 'docs',
      summary: 'Print the reference of the config file in Markdown.',
      run: async ({ output }) => output.result((await loadConfigModules()).configMarkdown(await pluginsOf(assembly))),
    },
  ],
});
