import { glob, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { ConfigFault, ConfigWarning } from './agent-config.ts';
import { type FileLayer, lineOf, raiseFile } from './file-layer.ts';
import { isFileError } from './is-file-error.ts';
import { MOST_PATH_BYTES } from './is-path.ts';
import { isList, own } from './merge.ts';
import { type Locate, parseFile } from './parse-file.ts';
import { readRegular } from './read-bytes.ts';

const MOST_FILES = 256;

/** Everything that a main file and its imports say. */
export interface Reading {
  readonly files: readonly string[];
  /** In the order in which they are laid over each other. */
  readonly layers: readonly FileLayer[];
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigWarning[];
  /** One file is of a version that nothing more can be said about. */
  readonly refused: boolean;
}

/** The files of one reading as far as it has come. */
interface Progress extends Reading {
  readonly files: string[];
  readonly seen: Set<string>;
  readonly layers: FileLayer[];
  readonly faults: ConfigFault[];
  readonly warnings: ConfigWarning[];
  refused: boolean;
  readonly locate: Locate;
}

/**
 * Reads a main file, given as its bytes, and its imports, in order, each followed by its own. A file that is imported
 * twice, or in a circle, counts where it is met first.
 */
export async function readFiles(main: string, bytes: Uint8Array, locate: Locate): Promise<Reading> {
  const seen = new Set([await identity(main)]);
  const progress: Progress = { files: [], seen, layers: [], faults: [], warnings: [], refused: false, locate };
  await addFile(progress, main, bytes, undefined);
  return progress;
}

async function addFile(progress: Progress, file: string, bytes: Uint8Array, importer: FileLayer | undefined): Promise<void> {
  progress.files.push(file);
  const parsed = parseFile(file, bytes, progress.locate);
  if (!('table' in parsed)) {
    progress.faults.push(parsed);
    return;
  }
  const raised = raiseFile(file, parsed, importer);
  if ('fault' in raised) {
    progress.faults.push(raised.fault);
    progress.refused = true;
    return;
  }
  const { layer } = raised;
  progress.layers.push(layer);
  progress.warnings.push(...raised.warnings);
  const imports = own(layer.table, 'imports');
  // Whatever else stands there is told when the keys of each file are checked.
  const patterns = isList(imports) ? imports : [];
  for (const [index, pattern] of patterns.entries()) {
    if (typeof pattern === 'string' && isPattern(pattern)) await importFiles(progress, layer, pattern, `imports[${index}]`);
  }
}

/** What is too long for a path, or no line of text, is told when the keys of each file are checked. */
const isPattern = (pattern: string): boolean => pattern !== '' && pattern.length <= MOST_PATH_BYTES && !/\p{Cc}/u.test(pattern);

async function importFiles(progress: Progress, importer: FileLayer, pattern: string, key: string): Promise<void> {
  const { line = lineOf(importer, 'imports').line } = lineOf(importer, key);
  const place = { file: importer.file, ...(line === undefined ? {} : { line }), key };
  const tell = (message: string): void => void progress.faults.push({ ...place, message });
  const orTell = async <T>(read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (thrown) {
      if (!isFileError(thrown)) throw thrown;
      tell(`${JSON.stringify(pattern)} can't be imported: ${thrown.message}`);
      return undefined;
    }
  };
  for (const file of (await orTell(matching(pattern, dirname(importer.file)))) ?? []) {
    const id = await identity(file);
    if (progress.seen.has(id)) continue;
    if (progress.seen.size >= MOST_FILES) return tell(`more than ${MOST_FILES} files are imported`);
    progress.seen.add(id);
    const bytes = await orTell(readRegular(file));
    if (bytes !== undefined) await addFile(progress, file, bytes, importer);
  }
}

/** A pattern's files in order of their names; a plain path is itself, whether it is there or not. */
async function matching(pattern: string, folder: string): Promise<readonly string[]> {
  if (!/[*?[\]{}!()]/.test(pattern)) return [resolve(folder, pattern)];
  const found: string[] = [];
  for await (const name of glob(pattern, { cwd: folder })) found.push(isAbsolute(name) ? name : resolve(folder, name));
  return found.sort();
}

async function identity(file: string): Promise<string> {
  return await realpath(file).catch(() => file);
}
