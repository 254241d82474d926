import { type AgentState, type Metrics, observeWhole } from '@hawser/core/contracts';
import type { PluginStatus } from '@hawser/core';

const STATUSES: readonly PluginStatus[] = ['starting', 'pending', 'ok', 'degraded', 'skipped', 'failed', 'disabled', 'stopping', 'stopped'];

/** What an agent is made of, and how its plugins do. */
export function observeAgent(metrics: Metrics, agent: AgentState): Disposable {
  const build = metrics.gauge({
    name: 'hawser_agent_build_info',
    help: 'Always 1; its labels say what runs.',
    labels: ['name', 'version', 'core', 'node'],
  });
  const ready = metrics.gauge({ name: 'hawser_agent_ready_state', help: '1 while the agent is ready, else 0.' });
  const plugins = metrics.gauge({ name: 'hawser_plugins_known_plugins', help: 'Plugins by status.', labels: ['status'] });
  const status = metrics.gauge({
    name: 'hawser_plugins_serving_state',
    help: '1: the plugin is ok, 0.5: degraded or pending, 0: it does not serve though it should. Skipped and disabled ones are left out.',
    labels: ['plugin'],
  });
  const start = metrics.gauge({
    name: 'hawser_plugins_start_duration_seconds',
    help: 'How long the last start of the plugin took.',
    labels: ['plugin'],
  });
  const failures = metrics.gauge({
    name: 'hawser_plugins_worker_failed_rounds',
    help: 'Rounds of a supervised worker that failed one after the other, up to now.',
    labels: ['plugin', 'worker'],
  });
  return observeWhole(metrics, [status, start, failures], () => {
    const reports = agent.reports();
    build.set(1, { name: agent.name, version: agent.version, core: agent.coreVersion, node: process.versions.node });
    ready.set(agent.phase() === 'ready' ? 1 : 0);
    for (const one of STATUSES) plugins.set(reports.filter((report) => report.status === one).length, { status: one });
    for (const { uri, status: is, startMs, workers = [] } of reports) {
      if (is !== 'skipped' && is !== 'disabled') status.set(serving(is), { plugin: uri });
      if (startMs > 0) start.set(startMs / 1000, { plugin: uri });
      for (const worker of workers) failures.set(worker.failures, { plugin: uri, worker: worker.name });
    }
  });
}

function serving(status: PluginStatus): number {
  if (status === 'ok') return 1;
  return status === 'degraded' || status === 'pending' ? 0.5 : 0;
}
