import { cniCommand, CniEndpoint } from '@hawser/cni';
import { hawserMain } from '@hawser/core/cli';
import { plugins } from './plugins.ts';
import { tryCommand } from './tour/command.ts';
import { version } from './version.ts';

const code = await hawserMain(
  {
    name: 'hawser',
    version,
    plugins,
    commands: [tryCommand(plugins, version), cniCommand],
    onReady: async (agent) => agent.get(CniEndpoint)?.installWhenReady(),
  },
  process.argv.slice(2),
);
process.exit(code);
