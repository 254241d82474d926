import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package.json as far as anyone here reads it; what it holds is checked by who reads it. */
export type Manifest = Readonly<Record<string, unknown>>;

/** The manifest in a folder; undefined where there is none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return isRecord(manifest) ? manifest : undefined;
  } catch {
    // Not there, or no manifest: the next folder may have it, and the caller names what none has.
    return undefined;
  }
}

/** The package that a file is in: the nearest folder above it whose manifest has a name. */
export function packageOf(file: string): { readonly folder: string; readonly manifest: Manifest } | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = readManifest(folder);
    if (typeof manifest?.['name'] === 'string') return { folder, manifest };
    if (folder === dirname(folder)) return undefined;
  }
}

/** A table in a manifest; empty where there is none. */
export function tableOf(manifest: Manifest, key: string): Manifest {
  const table = manifest[key];
  return isRecord(table) ? table : {};
}

export function isRecord(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null;
}
