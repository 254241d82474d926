import type { Clock } from '../context/index.ts';
import type { PluginReport } from '../plugin/status.ts';
import type { Token } from '../plugin/token.ts';
import { apiErrors } from './errors.ts';
import type { ConfigReload } from './reload.ts';

/** What the API sees of the running agent. */
export interface AgentView {
  readonly name: string;
  readonly version: string;
  readonly coreVersion: string;
  /** `starting` until the kernel has booted and no plugin is pending; `stopping` from the first signal on. */
  phase(): 'starting' | 'ready' | 'stopping';
  reports(): readonly PluginReport[];
  get<T>(token: Token<T>): T | undefined;
  readonly clock: Clock;
  /** Reads the config again and puts it in force, or tells what that would do. Refused until the agent has started. */
  reload(options: { readonly dryRun: boolean }): Promise<ConfigReload>;
  /** Sets the level of one plugin's log; undefined: the agent's. False where there is no such plugin. */
  setLogLevel(uri: string, level: string | undefined): boolean;
}

/** The provider of a contract, or the reason why there is none. */
export function service<T>(agent: AgentView, token: Token<T>): T {
  const found = agent.get(token);
  if (found !== undefined) return found;
  if (agent.phase() === 'starting') throw apiErrors.starting('the agent is still starting');
  const provider = agent.reports().find((report) => report.type === token.id);
  throw apiErrors.serviceUnavailable(`${token.id} is not available: ${whyNot(provider)}`, { details: { service: token.id } });
}

function whyNot(provider: PluginReport | undefined): string {
  if (provider === undefined) return 'no plugin of this agent provides it';
  const reason = provider.error?.message ?? provider.reason;
  return reason === undefined ? `${provider.uri} is ${provider.status}` : `${provider.uri} is ${provider.status}: ${reason}`;
}
