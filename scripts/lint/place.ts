import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where a source file stands in the workspace. */
export interface Place {
  /** Folder of its package: `core`, `plugins/modes/bridge`, `examples/agent`. */
  readonly pkg: string;
  /** Path below the package's `src`: `gc/gc.ts`. */
  readonly path: string;
  readonly kind: 'core' | 'plugin' | 'assembly';
  readonly test: boolean;
}

/** The place of a file below some package's `src`; undefined for every other file. */
export function placeOf(filename: string): Place | undefined {
  const match = /^((core|plugins|examples)(?:\/[^/]+)*?)\/src\/(.+)$/.exec(relative(ROOT, filename));
  if (match === null) return undefined;
  const [, pkg = '', area = '', path = ''] = match;
  const kind = area === 'core' ? 'core' : area === 'plugins' ? 'plugin' : 'assembly';
  return { pkg, path, kind, test: /\.(test|test-d|fixture)\.ts$/.test(path) };
}

/** What a relative import of a file points at, below the package's `src`; starts with `../` when it leaves it. */
export function resolveInside(place: Place, specifier: string): string {
  return join(dirname(place.path), specifier);
}
