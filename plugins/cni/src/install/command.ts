import { dirname, join } from 'node:path';
import type { CommandSpec, Invocation, OptionSpec } from '@hawser/core/cli';
import { cniErrors } from '../endpoint/errors.ts';
import { DEFAULT_BIN_DIR, DEFAULT_CONF_DIR } from './conflist.ts';
import { askStatus, askTombstones } from './endpoint-client.ts';
import { installCni, uninstallCni } from './install.ts';

const OPTIONS: readonly OptionSpec[] = [
  { flags: '--bin-dir <dir>', description: 'folder of CNI executables', default: DEFAULT_BIN_DIR },
  { flags: '--conf-dir <dir>', description: 'folder of network configurations', default: DEFAULT_CONF_DIR },
  { flags: '--name <name>', description: 'name of the network', default: 'hawser' },
];

/** `hawser cni install` and `hawser cni uninstall`, for an assembly to add. */
export const cniCommand: CommandSpec = {
  name: 'cni',
  summary: 'Install what container runtimes execute, or remove it.',
  commands: [
    {
      name: 'install',
      summary: 'Install the executable, and the network configuration once the agent is ready.',
      options: [
        ...OPTIONS,
        { flags: '--cni-socket <path>', description: "the endpoint's socket; cni.sock beside the agent's unless told" },
      ],
      examples: [['hawser cni install', `into ${DEFAULT_BIN_DIR} and ${DEFAULT_CONF_DIR}`]],
      run: install,
    },
    {
      name: 'uninstall',
      summary: 'Remove the network configuration, and the executable when nothing else uses it.',
      options: OPTIONS,
      run: uninstall,
    },
  ],
};

async function install({ options, global, client, signal, output }: Invocation): Promise<void> {
  const { ready } = await client.version(signal);
  if (!ready) throw cniErrors.agentNotReady('the agent is not ready yet, and a network configuration would make runtimes call it');
  const socket = text(options['cniSocket']) ?? join(dirname(global.socket), 'cni.sock');
  const tombstones = await askTombstones(socket, signal);
  await askStatus(socket, signal);
  const installed = await installCni({ ...folders(options), socket, tombstones });
  output.result(
    { ...installed },
    {
      columns: ['WHAT', 'PATH'],
      rows: [
        ['executable', installed.executable ?? ''],
        ['network configuration', installed.conflist ?? ''],
      ],
    },
  );
  output.note(installed.changed ? 'installed' : 'everything was there already');
}

async function uninstall({ options, output }: Invocation): Promise<void> {
  const removed = await uninstallCni(folders(options));
  output.result({ removed }, { columns: ['REMOVED'], rows: removed.map((path) => [path]) });
  if (removed.length === 0) output.note('nothing was there');
}

function folders(options: Invocation['options']): { readonly binDir: string; readonly confDir: string; readonly name: string } {
  return {
    binDir: text(options['binDir']) ?? DEFAULT_BIN_DIR,
    confDir: text(options['confDir']) ?? DEFAULT_CONF_DIR,
    name: text(options['name']) ?? 'hawser',
  };
}

const text = (value: Invocation['options'][string]): string | undefined => (typeof value === 'string' ? value : undefined);
