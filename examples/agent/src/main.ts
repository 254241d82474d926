import { type Assembly, hawserMain } from '@hawser/core/cli';
import { version } from './version.ts';

/** Loaded by those commands that are about plugins; the others ask the agent, and are there in half the time. */
const loadPlugins = async () => (await import('./plugins.ts')).plugins;

const assembly = {
  name: 'hawser',
  version,
  plugins: loadPlugins,
  proxies: async () => (await import('@hawser/plugin-proxy')).proxies,
  commands: [
    {
      name: 'try',
      summary: 'Boot the agent, attach pods, send packets between them, show what happened, leave nothing behind.',
      load: async () => (await import('./tour/command.ts')).tryCommand(await loadPlugins(), version),
    },
    {
      name: 'cni',
      summary: 'Install what container runtimes execute, or remove it.',
      load: async () => (await import('@hawser/cni')).cniCommand,
    },
  ],
  onReady: async (agent) => agent.get((await import('@hawser/cni')).CniEndpoint)?.installWhenReady(),
} satisfies Assembly;

void hawserMain(assembly, process.argv.slice(2)).then((code) => process.exit(code));
