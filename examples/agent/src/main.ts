import { cniCommand } from '@hawser/cni';
import { hawserMain } from '@hawser/core/cli';
import { plugins } from './plugins.ts';
import { tryCommand } from './tour/command.ts';
import { version } from './version.ts';

process.exit(await hawserMain({ name: 'hawser', version, plugins, commands: [tryCommand(plugins, version), cniCommand] }, process.argv.slice(2)));
