import type { AnyPlugin } from './definition.ts';
import type { PluginReport } from './status.ts';
import { describeRequirement, requirementsOf, uriOf } from './uri.ts';

/** What a definition says of itself: the part of a report that is the same in every life. */
export type PluginDescription = Pick<PluginReport, 'uri' | 'type' | 'id' | 'summary' | 'stability' | 'version' | 'requires' | 'provides'>;

/** A definition as listings show it. A plugin that says nothing of its stability is stable. */
export function describePlugin(plugin: AnyPlugin): PluginDescription {
  return {
    uri: uriOf(plugin),
    type: plugin.provides.id,
    id: plugin.id,
    summary: plugin.summary,
    stability: plugin.stability ?? 'stable',
    ...(plugin.version === undefined ? {} : { version: plugin.version }),
    requires: requirementsOf(plugin).map(([, requirement]) => describeRequirement(requirement)),
    provides: plugin.provides.id,
  };
}
