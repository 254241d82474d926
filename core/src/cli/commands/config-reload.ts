import type { ConfigReload } from '../../api/reload.ts';
import { flag } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { toJson } from '../view.ts';

async function reload(invocation: Invocation): Promise<void> {
  const { client, output, signal } = invocation;
  const dryRun = flag(invocation, 'dryRun');
  const work = (): Promise<ConfigReload> => client.config.reload({ dryRun }, signal);
  const done = dryRun ? await work() : await output.progress('reloading the config', work);
  if (done.steps.length === 0) output.note(dryRun ? 'nothing that runs would be concerned' : 'reloaded; nothing that runs was concerned');
  output.result(toJson(done), {
    columns: ['ACTION', 'PLUGIN', 'REASON'],
    rows: done.steps.map(({ action, uri, reason }) => [action, uri, reason]),
  });
}

/** `hawser config reload [--dry-run]` */
export const configReloadCommand: CommandSpec = {
  name: 'reload',
  summary: 'Have the agent read its config again and put it in force; attachments stay up.',
  options: [{ flags: '--dry-run', description: 'tell what would be stopped, started and reconfigured, and do nothing' }],
  examples: [
    ['hawser config reload --dry-run', 'what a change would do'],
    ['hawser config reload', 'the same as SIGHUP, with the outcome'],
  ],
  run: reload,
};
