import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compatibilityFault, type PackageFault } from './compatibility.ts';
import { messageOf } from '../errors/index.ts';
import type { AnyPlugin } from './definition.ts';
import { pluginErrors } from './errors.ts';
import { isRecord, readManifest } from './manifest.ts';

/**
 * Loads plugins from packages: the default export is a plugin or an array of them. A name is searched from `fromFolder`
 * (a path beginning with a dot is relative to it), then from where this package is installed. Throws
 * `plugin.package_invalid`, naming every package at fault. One that was written for another version of the plugin API, wants another
 * @hawser/core or would bring a second copy of it isn't run.
 */
export async function loadPackages(names: readonly string[], fromFolder: string): Promise<AnyPlugin[]> {
  const outcomes = await Promise.all(names.map((name) => loadPackage(name, fromFolder)));
  const faults = outcomes.filter((outcome) => 'fault' in outcome);
  if (faults.length > 0) {
    const [first] = faults;
    if (faults.length === 1 && first !== undefined) throw pluginErrors.packageInvalid(first.fault, first);
    const lines = faults.map(({ fault, remedy }) => `\n  ${fault}. ${remedy}`);
    throw pluginErrors.packageInvalid(`${faults.length} packages can't be loaded:${lines.join('')}`, { cause: first?.cause });
  }
  return outcomes.flatMap((outcome) => ('plugins' in outcome ? outcome.plugins : []));
}

type Outcome = { readonly plugins: readonly AnyPlugin[] } | (PackageFault & { readonly cause?: unknown });

async function loadPackage(name: string, fromFolder: string): Promise<Outcome> {
  const file = find(name, fromFolder) ?? find(name, import.meta.dirname);
  if (file === undefined) {
    const remedy = 'Install it beside the configuration or the agent, or correct its name.';
    return { fault: `package '${name}' is not installed in ${fromFolder} or above it`, remedy };
  }
  let exports: unknown;
  const incompatible = await compatibilityFault(name, file, !isPath(name));
  if (incompatible !== undefined) return incompatible;
  try {
    exports = await import(pathToFileURL(file).href);
  } catch (thrown) {
    const fault = `package '${name}' can't be loaded: ${messageOf(thrown)}`;
    return { fault, remedy: 'Correct its code, which throws when it is imported.', cause: thrown };
  }
  const found: unknown = isRecord(exports) ? exports['default'] : undefined;
  const candidates: readonly unknown[] = Array.isArray(found) ? found : [found];
  const plugins = candidates.filter(isPlugin);
  if (plugins.length === candidates.length && plugins.length > 0) return { plugins };
  const remedy = 'Export by default what definePlugin returns, or an array of it.';
  return { fault: `package '${name}' has no plugin as its default export`, remedy };
}

/** Whether a name is a file beside the config: whoever wrote that wrote it for this agent. */
const isPath = (name: string): boolean => isAbsolute(name) || name.startsWith('.');

/** The module that `import name` would load from a folder. */
function find(name: string, folder: string): string | undefined {
  if (isAbsolute(name)) return name;
  const require = createRequire(join(folder, 'package.json'));
  try {
    return require.resolve(name);
  } catch {
    // A package that has no door for `require` still has one for `import`, which Node offers no way to resolve from elsewhere.
    return importDoor(name, require.resolve.paths(name) ?? []);
  }
}

function importDoor(name: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const manifest = readManifest(join(folder, name));
    const door = manifest && target(manifest['exports']);
    if (door !== undefined) return join(folder, name, door);
  }
  return undefined;
}

/** The file behind the main entry of an `exports` field. */
function target(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (!isRecord(exports)) return undefined;
  return target(exports['.'] ?? exports['import'] ?? exports['node'] ?? exports['default']);
}

/** Whether a value from outside is a definition, as far as can be seen from without. */
function isPlugin(value: unknown): value is AnyPlugin {
  if (!isRecord(value)) return false;
  const { provides, id, summary, start, config, requires } = value;
  const token = isRecord(provides) && typeof provides['id'] === 'string';
  const wants =
    requires === undefined ||
    (isRecord(requires) && Object.values(requires).every((one) => isRecord(one) && typeof one['id'] === 'string'));
  const schema = config === undefined || (isRecord(config) && typeof config['safeParse'] === 'function');
  return token && wants && schema && typeof id === 'string' && typeof summary === 'string' && typeof start === 'function';
}
