import type { AnyPlugin, FaultInjector } from '@hawser/core';
import type { Host, Metadata } from '@hawser/core/contracts';
import { faultyHost, faultyStore } from '@hawser/core/testing/doubles';

/** The same plugins; hosts and stores among them pass the context's fault injector at every change. */
export function withFaults(plugins: readonly AnyPlugin[]): readonly AnyPlugin[] {
  return plugins.map((plugin) => {
    if (plugin.provides.id === 'hawser.host.v1') return decorated(plugin, (value, faults) => faultyHost(value as Host, faults));
    if (plugin.provides.id === 'hawser.metadata.v1') return decorated(plugin, (value, faults) => faultyStore(value as Metadata, faults));
    return plugin;
  });
}

function decorated(plugin: AnyPlugin, decorate: (value: unknown, faults: FaultInjector) => unknown): AnyPlugin {
  return {
    ...plugin,
    start: async (context) => {
      const value: unknown = await plugin.start(context);
      const skipped = typeof value === 'object' && value !== null && 'skipped' in value;
      return context.faults === undefined || skipped ? value : decorate(value, context.faults);
    },
  };
}
