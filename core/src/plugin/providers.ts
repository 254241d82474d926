import { serves } from './lifecycle.ts';
import type { PluginRun } from './plugin-run.ts';
import type { LiveProviders } from './token.ts';

/**
 * What `all()` hands over: a live view, so that a provider that has stopped is gone and one that a reload has started is there.
 * `runs` gives all plugins of the type, whatever their status.
 */
export function liveProviders(runs: () => readonly PluginRun[], valueOf: (uri: string) => unknown): LiveProviders<unknown> {
  const named = (pluginId: string): PluginRun | undefined => runs().find(({ plugin }) => plugin.id === pluginId);
  const serving = (): readonly PluginRun[] => runs().filter((run) => serves(run.status));
  return {
    get: (pluginId) => {
      const run = named(pluginId);
      return run !== undefined && serves(run.status) ? valueOf(run.uri) : undefined;
    },
    ids: () => serving().map(({ plugin }) => plugin.id),
    whyNot: (pluginId) => named(pluginId)?.why() ?? 'is not in this agent',
    list: () =>
      runs().map((run) => ({
        id: run.plugin.id,
        uri: run.uri,
        status: run.status,
        why: run.why(),
        ...(serves(run.status) ? { value: valueOf(run.uri) } : {}),
      })),
    [Symbol.iterator]: () =>
      serving()
        .map((run) => [run.plugin.id, valueOf(run.uri)] as const)
        .values(),
  };
}
