import type { AnyPlugin } from './definition.ts';

/**
 * Loads plugins from packages: the default export is a plugin or an array of them. `fromFolder` is where their
 * `node_modules` is searched from. Throws `plugin.package_invalid`, naming every package at fault.
 */
export async function loadPackages(names: readonly string[], fromFolder: string): Promise<AnyPlugin[]> {
  void names, fromFolder;
  return [];
}
