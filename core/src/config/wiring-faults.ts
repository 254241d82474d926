import type { AnyPlugin } from '../plugin/definition.ts';
import { planBoot } from '../plugin/plan.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';
import type { ConfigFault } from './agent-config.ts';

/** What is wrong with how plugins fit together, for a config that has other faults as well. Names that are none it has told itself. */
export function wiringFaults(plugins: readonly AnyPlugin[], config: PluginConfig): readonly ConfigFault[] {
  const { faults } = planBoot(plugins, config);
  return faults.filter(({ kind }) => kind !== 'unknown').map(({ message, remedy }) => ({ key: '', message: `${message}. ${remedy}` }));
}
