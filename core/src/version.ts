import { readFileSync } from 'node:fs';

/**
 * The version that the package.json one folder above a module states, wherever it has been built to.
 *
 * ```ts
 * export const version = packageVersion(import.meta.url);
 * ```
 */
export function packageVersion(module: string): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', module), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest && typeof manifest.version === 'string')
    return manifest.version;
  throw new Error(`the package.json of ${module} states no version`);
}

/** Version of @hawser/core. */
export const coreVersion: string = packageVersion(import.meta.url);
