import { hawserMain } from '@hawser/core/cli';
import { plugins } from './plugins.ts';
import { version } from './version.ts';

process.exit(await hawserMain({ name: 'hawser', version, plugins }, process.argv.slice(2)));
