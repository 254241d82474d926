import type { AgentConfig } from '../../config/index.ts';
import { systemContext } from '../../context/index.ts';
import { toHawserError } from '../../errors/index.ts';
import { type AnyPlugin, planBoot } from '../../plugin/index.ts';
import { fail, type Finding } from './finding.ts';

/** What the plugins that this config switches on say of the machine. None is started: an agent may run beside. */
export async function checkPlugins({ allPlugins, plugins }: AgentConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const on = planBoot(allPlugins, plugins).order.filter(({ disabled }) => disabled === undefined);
  const findings = await Promise.all(on.map(({ uri, plugin }) => examine(plugin, plugins.settings.get(uri), signal)));
  return findings.flat();
}

async function examine(plugin: AnyPlugin, config: unknown, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return (await plugin.examine?.({ ...systemContext, config, signal })) ?? [];
  } catch (thrown) {
    const { message, remedy } = toHawserError(thrown);
    return [fail(plugin.id, message, remedy)];
  }
}
