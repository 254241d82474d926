import type { PluginReport, WorkerReport } from '@hawser/core';
import type { AgentState, CheckStatus, HealthCheck } from '@hawser/core/contracts';

/** What the plugins' reports say, and whether a worker is stuck. Pure. */
export interface PluginChecks {
  readonly checks: readonly HealthCheck[];
  /** Workers in a round that does not end. */
  readonly stuck: readonly HealthCheck[];
}

/** Whether the agent is in service, and for whom it waits. Pure. */
export function checkPhase(phase: ReturnType<AgentState['phase']>, reports: readonly PluginReport[]): HealthCheck {
  if (phase === 'ready') return { name: 'agent', status: 'ok' };
  const pending = reports.filter(({ status }) => status === 'pending').map(({ uri, reason }) => `${uri} is not ready yet: ${reason}`);
  return { name: 'agent', status: 'failed', reason: [`the agent is ${phase}`, ...pending].join('; ') };
}

export function checkPlugins(reports: readonly PluginReport[]): PluginChecks {
  const relevant = reports.filter(({ status }) => status !== 'skipped' && status !== 'disabled');
  const workers = relevant.flatMap(({ uri, workers = [] }) => workers.map((worker) => ({ check: checkWorker(uri, worker), worker })));
  return {
    checks: [...relevant.map(checkPlugin), ...workers.map(({ check }) => check)],
    stuck: workers.flatMap(({ check, worker }) => (worker.state === 'stuck' ? [check] : [])),
  };
}

function checkPlugin({ uri, status, reason, error }: PluginReport): HealthCheck {
  // What stops or starts while the agent is ready does so by a reload, of which this plugin may be a part.
  const told: CheckStatus = status === 'ok' || status === 'failed' ? status : 'degraded';
  if (told === 'ok') return { name: uri, status: told };
  return {
    name: uri,
    status: told,
    reason: error === undefined ? (reason ?? `it is ${status}`) : `[${error.code}] ${error.message}`,
    ...(error === undefined ? {} : { remedy: error.remedy }),
  };
}

function checkWorker(uri: string, { name, state, failures, lastError }: WorkerReport): HealthCheck {
  const status: CheckStatus =
    state === 'stuck' || state === 'failed' ? 'failed' : state === 'backing_off' || failures > 0 ? 'degraded' : 'ok';
  const check = { name: `${uri}#${name}`, status };
  if (status === 'ok') return check;
  const reason = lastError === undefined ? `it is ${state}` : `it is ${state}: [${lastError.code}] ${lastError.message}`;
  return { ...check, reason, ...(lastError === undefined ? {} : { remedy: lastError.remedy }) };
}
