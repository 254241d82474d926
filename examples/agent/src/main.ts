import { CniEndpoint, cniCommand } from '@hawser/cni';
import { type Assembly, hawserMain } from '@hawser/core/cli';
import { plugins } from './plugins.ts';
import { tryCommand } from './tour/command.ts';
import { version } from './version.ts';

const assembly = {
  name: 'hawser',
  version,
  plugins,
  commands: [tryCommand(plugins, version), cniCommand],
  onReady: async (agent) => agent.get(CniEndpoint)?.installWhenReady(),
} satisfies Assembly;

process.exit(await hawserMain(assembly, process.argv.slice(2)));
