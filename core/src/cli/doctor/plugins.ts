import { withCoreRequired } from '../../agent/core-required.ts';
import type { AgentConfig } from '../../config/index.ts';
import { systemContext } from '../../context/index.ts';
import { toHawserError } from '../../errors/index.ts';
import { Attachments, NetworkMode } from '../../network/index.ts';
import { type AnyPlugin, planBoot } from '../../plugin/index.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

/** What the plugins that this config switches on say of the machine. None is started: an agent may run beside. */
export async function checkPlugins(config: AgentConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const { order, faults } = planBoot(config.allPlugins, withCoreRequired(config));
  const on = order.filter(({ disabled }) => disabled === undefined);
  const findings = await Promise.all(on.map(({ uri, plugin }) => examine(plugin, config.plugins.settings.get(uri), signal)));
  const wiring = faults.map(({ message, remedy }) => fail('plugins', message, remedy));
  return [...wiring, ...findings.flat(), ...checkModes(on.map(({ plugin }) => plugin))];
}

/** An agent that attaches pods can attach none without a mode, though nothing of it has failed. */
function checkModes(on: readonly AnyPlugin[]): readonly Finding[] {
  const idsOf = (type: string): readonly string[] => on.filter(({ provides }) => provides.id === type).map(({ id }) => id);
  if (idsOf(Attachments.id).length === 0) return [];
  const modes = idsOf(NetworkMode.id);
  if (modes.length > 0) return [ok('modes', modes.join(', '))];
  return [
    warn('modes', 'no network mode is on: no pod could be attached', 'Give one a table in the config; `hawser config default` lists them.'),
  ];
}

async function examine(plugin: AnyPlugin, config: unknown, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return (await plugin.examine?.({ ...systemContext, config, signal })) ?? [];
  } catch (thrown) {
    const { message, remedy } = toHawserError(thrown);
    return [fail(plugin.id, message, remedy)];
  }
}
