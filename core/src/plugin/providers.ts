import type { PluginRun } from './plugin-run.ts';
import { serves } from './lifecycle.ts';
import type { Providers } from './token.ts';

/** What `all()` hands over: a live view, so that a provider that has stopped is gone. */
export function liveProviders(runs: readonly PluginRun[], valueOf: (uri: string) => unknown): Providers<unknown> {
  const serving = (): readonly PluginRun[] => runs.filter((run) => serves(run.status));
  return {
    get: (pluginId) => {
      const run = serving().find(({ plugin }) => plugin.id === pluginId);
      return run && valueOf(run.uri);
    },
    ids: () => serving().map(({ plugin }) => plugin.id),
    whyNot: (pluginId) => runs.find(({ plugin }) => plugin.id === pluginId)?.why() ?? 'is not in this agent',
    [Symbol.iterator]: () =>
      serving()
        .map((run) => [run.plugin.id, valueOf(run.uri)] as const)
        .values(),
  };
}
