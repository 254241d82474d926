import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { coreVersion } from '../version.ts';
import { packageOf, tableOf } from './manifest.ts';

/**
 * Version of what plugins are written against (definitions, start contexts, contracts). A package states its own as
 * `hawser.apiVersion`.
 */
export const API_VERSION = 1;

const CORE = '@hawser/core';

/** Why a package can't be used, as a sentence that names both sides, and the way out. */
export interface PackageFault {
  readonly fault: string;
  readonly remedy: string;
}

const FOR_OTHERS = 'Install a version of it that was written for this agent.';

/**
 * What keeps a package's plugins from running in this agent; undefined where nothing does. Looks at its manifest
 * (`hawser.apiVersion` and the range of @hawser/core that it wants) and at the copy of @hawser/core that it would load.
 * Runs none of its code. `mustSay`: stating neither version is a fault.
 */
export async function compatibilityFault(name: string, file: string, mustSay: boolean): Promise<PackageFault | undefined> {
  const real = realpathSync(file);
  const found = packageOf(real);
  const manifest = found?.manifest ?? {};
  const api = tableOf(manifest, 'hawser')['apiVersion'];
  const range = tableOf(manifest, 'peerDependencies')[CORE] ?? tableOf(manifest, 'dependencies')[CORE];
  if (api === undefined && range === undefined) {
    const unsaid = `package '${name}' does not say for which version of the plugin API it was written; this agent has version ${API_VERSION}`;
    const remedy = `State \`"hawser": { "apiVersion": ${API_VERSION} }\` in its package.json.`;
    return mustSay ? { fault: unsaid, remedy } : undefined;
  }
  if (api !== undefined && api !== API_VERSION) {
    const fault = `package '${name}' was written for version ${JSON.stringify(api)} of the plugin API, but this agent has version ${API_VERSION}`;
    return { fault, remedy: FOR_OTHERS };
  }
  if (range !== undefined && !(await isInRange(range)))
    return { fault: `package '${name}' wants ${CORE} ${JSON.stringify(range)}, but this agent has ${coreVersion}`, remedy: FOR_OTHERS };
  return copyFault(name, real);
}

async function isInRange(range: unknown): Promise<boolean> {
  // Only agents that load packages pay for it.
  const { satisfies } = (await import('semver')).default;
  if (typeof range !== 'string') return false;
  // What a workspace links to is this very copy.
  return range.startsWith('workspace:') || satisfies(coreVersion, range, { includePrerelease: true });
}

/** Two copies of core would have two of everything that is compared by identity: errors, tokens, containers. */
function copyFault(name: string, file: string): PackageFault | undefined {
  const theirs = coreSeenFrom(file);
  const ours = packageOf(realpathSync(import.meta.filename));
  if (theirs === undefined || ours === undefined || theirs.folder === ours.folder) return undefined;
  const fault = `package '${name}' brings ${CORE} ${String(theirs.manifest['version'])} of its own (${theirs.folder}), beside this agent's ${coreVersion} (${ours.folder})`;
  return { fault, remedy: `Have it want ${CORE} as a peer dependency, and install it anew beside the agent's.` };
}

/** The copy that an import in this file would load; undefined where it would find none. */
function coreSeenFrom(file: string): ReturnType<typeof packageOf> {
  const folders = createRequire(file).resolve.paths(CORE) ?? [];
  for (const folder of folders) {
    try {
      return packageOf(realpathSync(join(folder, CORE, 'package.json')));
    } catch {
      // Not there; the next folder up may have it.
    }
  }
  return undefined;
}
