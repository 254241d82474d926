import { resolve } from 'node:path';
import { configErrors } from './errors.ts';
import { isPath } from './is-path.ts';
import { unlocated } from './parse-file.ts';
import { readMain } from './read-main.ts';

const REMEDY = 'See all that is wrong with `hawser config check`, or name the socket with --socket.';

/**
 * Where a config, with its imports, puts the state folder; undefined where it doesn't say. Checks nothing else, so
 * that commands to a running agent work while somebody edits the rest of it, and stay quick. Throws
 * `config.not_found`, `config.unreadable` and `config.invalid`, the latter when it can't be read as far as that.
 */
export async function stateFolder(file: string, missingOk: boolean): Promise<string | undefined> {
  const { layer, faults } = await readMain(resolve(file), missingOk, unlocated);
  const [fault] = faults;
  if (fault !== undefined) {
    const place = `${fault.file ?? file}${fault.line === undefined ? '' : `:${fault.line}`}`;
    throw configErrors.invalid(`${place} ${fault.message}`, { remedy: REMEDY });
  }
  const { state } = layer.table;
  if (state === undefined || (typeof state === 'string' && isPath(state))) return state;
  throw configErrors.invalid(`state in ${file} is no absolute path`, { remedy: REMEDY });
}
