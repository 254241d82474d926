import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Clock, systemContext } from '../context/index.ts';
import { HawserError, messageOf } from '../errors/index.ts';
import { compatibilityFault, type PackageFault } from './compatibility.ts';
import type { AnyPlugin } from './definition.ts';
import { definitionFaults, kindOf } from './definition-faults.ts';
import { pluginErrors } from './errors.ts';
import { lineOf } from './line-of.ts';
import { isRecord, readManifest } from './manifest.ts';

/** As long as a start may take. */
const IMPORT_DEADLINE_MS = 10_000;

/**
 * Loads plugins from packages: the default export is a plugin or an array of them. A name is searched from `fromFolder`
 * (a path beginning with a dot is relative to it), then from where this package is installed. Throws
 * `plugin.package_invalid`, naming every package at fault. One that was written for another version of the plugin API, wants another
 * @hawser/core or would bring a second copy of it isn't run. An import may take 10 s of the clock.
 */
export async function loadPackages(names: readonly string[], fromFolder: string, clock = systemContext.clock): Promise<AnyPlugin[]> {
  const outcomes = await Promise.all(names.map((name) => loadPackage(name, fromFolder, clock)));
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

async function loadPackage(name: string, fromFolder: string, clock: Clock): Promise<Outcome> {
  const file = find(name, fromFolder) ?? (isPath(name) ? undefined : find(name, import.meta.dirname));
  if (file === undefined) {
    if (isPath(name))
      return { fault: `package '${name}' is no file beside the configuration (${resolve(fromFolder, name)})`, remedy: 'Correct its path.' };
    const there = doorless(name, fromFolder) ?? doorless(name, import.meta.dirname);
    if (there !== undefined) return { fault: `package '${name}' is in ${there}, but has no entry of this name`, remedy: NAME_AN_ENTRY };
    const remedy = 'Install it beside the configuration or the agent, or correct its name.';
    return { fault: `package '${name}' is not installed in ${fromFolder} or above it`, remedy };
  }
  const incompatible = await compatibilityFault(name, file, !isPath(name));
  if (incompatible !== undefined) return incompatible;
  try {
    return exportedPlugins(name, await importInTime(file, clock));
  } catch (thrown) {
    return {
      fault: `package '${name}' can't be loaded: ${messageOf(thrown)}${lineOf(thrown)}`,
      remedy: wayOut(thrown, file),
      cause: thrown,
    };
  }
}

function wayOut(thrown: unknown, file: string): string {
  if (thrown instanceof HawserError) return thrown.remedy;
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return 'Publish it as JavaScript: Node.js runs no TypeScript below node_modules.';
  if (thrown instanceof SyntaxError && lineOf(thrown) === '') return `Correct its code; \`node --check ${file}\` names the line.`;
  return 'Correct its code, which throws when it is imported.';
}

/** Keeps the process alive meanwhile: an import that waits for nothing would end it as if all were well. */
async function importInTime(file: string, clock: Clock): Promise<unknown> {
  const loaded = new AbortController();
  const late = clock.sleep(IMPORT_DEADLINE_MS, loaded.signal).then(() => {
    const remedy = 'Correct its code, which waits for something while it is imported: wait in start.';
    throw pluginErrors.packageInvalid(`its import did not end within ${IMPORT_DEADLINE_MS / 1_000} s`, { remedy });
  });
  try {
    return await Promise.race([import(pathToFileURL(file).href), late]);
  } finally {
    loaded.abort();
    late.catch(() => undefined);
  }
}

/** The plugins that a module exports by default; what TypeScript makes of a CommonJS module has them one level deeper. */
function exportedPlugins(name: string, module: unknown): Outcome {
  const outer = isRecord(module) ? module['default'] : undefined;
  const found: unknown = isRecord(outer) && outer['__esModule'] === true ? outer['default'] : outer;
  const candidates: readonly unknown[] = Array.isArray(found) ? found : [found];
  const plugins = candidates.filter(isPlugin);
  if (plugins.length === candidates.length && plugins.length > 0) return { plugins };
  const other = candidates.length === 0 ? 'an empty list' : candidates.filter((one) => !isMeantAsPlugin(one)).map(kindOf)[0];
  if (other !== undefined) {
    const remedy = 'Export by default what definePlugin returns, or an array of it.';
    return { fault: `package '${name}' has no plugin as its default export, but ${other}`, remedy };
  }
  const faults = candidates.flatMap((one) => definitionFaults(one).map((fault) => `${fault}${ofPlugin(one)}`));
  return { fault: `package '${name}' exports no sound plugin: ${faults.join('; ')}`, remedy: 'Correct its definition.' };
}

const ofPlugin = (value: unknown): string => (isRecord(value) && typeof value['id'] === 'string' ? ` (plugin '${value['id']}')` : '');

const isMeantAsPlugin = (value: unknown): boolean => isRecord(value) && ['provides', 'start', 'summary'].some((key) => key in value);

const isPlugin = (value: unknown): value is AnyPlugin => definitionFaults(value).length === 0;

/** Whether a name is a file beside the config: whoever wrote that wrote it for this agent. */
const isPath = (name: string): boolean => isAbsolute(name) || name.startsWith('.');

/** The module that `import name` would load from a folder. */
function find(name: string, folder: string): string | undefined {
  const require = createRequire(join(folder, 'package.json'));
  try {
    return require.resolve(name);
  } catch {
    // A package that has no door for `require` still has one for `import`, which Node offers no way to resolve from elsewhere.
    return importDoor(name, require.resolve.paths(name) ?? []);
  }
}

const NAME_AN_ENTRY = 'Name an entry that its package.json has under `exports`, or install it anew.';

/** The folder of a package that is there and can't be imported by its name. */
function doorless(name: string, from: string): string | undefined {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  return folders.map((folder) => join(folder, name)).find((folder) => existsSync(folder));
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
