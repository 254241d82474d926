import { glob, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { ConfigFault } from './agent-config.ts';
import { isList, type Layer, mergeLayers } from './merge.ts';
import { type Locate, parseFile } from './parse-file.ts';
import { readBytes } from './read-bytes.ts';

const MOST_FILES = 256;

/** Everything that a main file and its imports say. */
export interface Reading {
  readonly files: readonly string[];
  readonly layer: Layer;
  readonly faults: readonly ConfigFault[];
}

/** The files of one reading as far as it has come. */
interface Progress {
  readonly files: string[];
  readonly seen: Set<string>;
  readonly faults: ConfigFault[];
  layer: Layer;
  readonly locate: Locate;
}

/**
 * Reads a main file, given as its bytes, and lays its imports over it, in order, each followed by its own. A file
 * that is imported twice, or in a circle, counts where it is met first.
 */
export async function readFiles(main: string, bytes: Uint8Array, locate: Locate): Promise<Reading> {
  const progress: Progress = {
    files: [],
    seen: new Set([await identity(main)]),
    faults: [],
    layer: { table: {}, origins: new Map() },
    locate,
  };
  await layOver(progress, main, bytes);
  return progress;
}

async function layOver(progress: Progress, file: string, bytes: Uint8Array): Promise<void> {
  progress.files.push(file);
  const parsed = parseFile(file, bytes, progress.locate);
  if (!('table' in parsed)) {
    progress.faults.push(parsed);
    return;
  }
  progress.layer = mergeLayers(progress.layer, parsed);
  const { imports = [] } = parsed.table;
  // Whatever else stands there is told when the core keys are checked.
  const patterns = isList(imports) ? imports : [];
  for (const [index, pattern] of patterns.entries()) {
    if (typeof pattern !== 'string') continue;
    const origin = parsed.origins.get(`imports[${index}]`) ?? parsed.origins.get('imports');
    await importFiles(progress, file, pattern, { file, ...(origin === undefined ? {} : { line: origin.line }), key: `imports[${index}]` });
  }
}

type Place = Pick<ConfigFault, 'file' | 'line' | 'key'>;

async function importFiles(progress: Progress, from: string, pattern: string, place: Place): Promise<void> {
  const tell = (message: string): void => void progress.faults.push({ ...place, message });
  try {
    for (const file of await matching(pattern, dirname(from))) {
      const id = await identity(file);
      if (progress.seen.has(id)) continue;
      if (progress.seen.size >= MOST_FILES) return tell(`more than ${MOST_FILES} files are imported`);
      progress.seen.add(id);
      await layOver(progress, file, await readBytes(file));
    }
  } catch (thrown) {
    if (!isFileError(thrown)) throw thrown;
    tell(`${JSON.stringify(pattern)} can't be imported: ${thrown.message}`);
  }
}

/** A pattern's files in order of their names; a plain path is itself, whether it is there or not. */
async function matching(pattern: string, folder: string): Promise<readonly string[]> {
  if (pattern.includes('\0')) throw Object.assign(new Error('a path has no NUL'), { code: 'EINVAL' });
  if (!/[*?[\]{}!()]/.test(pattern)) return [resolve(folder, pattern)];
  const found: string[] = [];
  for await (const name of glob(pattern, { cwd: folder })) found.push(isAbsolute(name) ? name : resolve(folder, name));
  return found.sort();
}

async function identity(file: string): Promise<string> {
  return await realpath(file).catch(() => file);
}

/** An error of the file system, which carries its errno's name. */
export function isFileError(thrown: unknown): thrown is Error & { readonly code: string } {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
}
