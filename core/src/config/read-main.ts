import { configErrors } from './errors.ts';
import { isFileError } from './is-file-error.ts';
import type { Locate } from './parse-file.ts';
import { readBytes } from './read-bytes.ts';
import { readFiles, type Reading } from './read-files.ts';

/**
 * The main file with its imports; nothing where there is no file and that is allowed. Throws `config.not_found` and
 * `config.unreadable`; faults inside the files come back with the reading.
 */
export async function readMain(main: string | undefined, missingOk: boolean, locate: Locate): Promise<Reading> {
  const nothing: Reading = { files: [], layers: [], faults: [], warnings: [], refused: false };
  if (main === undefined) return nothing;
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(main);
  } catch (thrown) {
    if (!isFileError(thrown)) throw thrown;
    if (thrown.code === 'EISDIR')
      throw configErrors.unreadable(`${main} is a folder`, { cause: thrown, remedy: 'Name a file with `--config`.' });
    if (thrown.code !== 'ENOENT') throw configErrors.unreadable(`${main} can't be read: ${thrown.message}`, { cause: thrown });
    if (!missingOk) throw configErrors.notFound(`there is no configuration at ${main}`, { cause: thrown });
    return nothing;
  }
  return await readFiles(main, bytes, locate);
}
