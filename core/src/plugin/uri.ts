import type { AnyPlugin } from './definition.ts';
import type { Requirement } from './token.ts';

/** `type.id`, e.g. `hawser.mode.v1.bridge`. */
export function uriOf(plugin: Pick<AnyPlugin, 'provides' | 'id'>): string {
  return `${plugin.provides.id}.${plugin.id}`;
}

/** What a requirement names: a plugin's URI where it goes by id, else a type. */
export function targetOf(requirement: Requirement): string {
  return requirement.cardinality === 'byId' ? `${requirement.id}.${requirement.pluginId ?? ''}` : requirement.id;
}

/** A requirement as listings show it: `hawser.host.v1`, `hawser.ipam.v1 (all)`, `hawser.ipam.v1.range`. */
export function describeRequirement(requirement: Requirement): string {
  const target = targetOf(requirement);
  return requirement.cardinality === 'one' || requirement.cardinality === 'byId' ? target : `${target} (${requirement.cardinality})`;
}

/** The requirements of a plugin, name first. */
export function requirementsOf(plugin: AnyPlugin): readonly (readonly [name: string, requirement: Requirement])[] {
  return Object.entries(plugin.requires ?? {});
}
