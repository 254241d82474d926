import type { AgentConfig } from '../config/index.ts';
import { type Assembly, pluginsOf } from './assembly.ts';
import { DEFAULT_CONFIG } from './globals.ts';

/** Which config a command is about. */
export interface ConfigChoice {
  readonly config: string;
}

/** The config of this assembly; one at the usual place that isn't there means all defaults. */
export async function readConfig(assembly: Assembly, { config }: ConfigChoice): Promise<AgentConfig> {
  const { loadConfig } = await import('../config/index.ts');
  const plugins = await pluginsOf(assembly);
  const { withCoreRequired } = await import('../agent/core-required.ts');
  const missingOk = config === DEFAULT_CONFIG;
  return loadConfig({ file: config, plugins, proxies: assembly.proxies, missingOk, kernelConfig: withCoreRequired });
}
