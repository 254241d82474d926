import { resolve } from 'node:path';
import type { JsonValue } from '../json.ts';
import { compose } from './compose.ts';
import { configErrors } from './errors.ts';
import { isPath } from './is-path.ts';
import { unlocated } from './parse-file.ts';
import { readMain } from './read-main.ts';
import { type Environment, stateFolderIn } from './variable.ts';

const REMEDY = 'See all that is wrong with `hawser config check`, or name the socket with --socket.';

/**
 * Where the environment, else a config with its imports, puts the state folder; undefined where it doesn't say. Checks nothing else, so
 * that commands to a running agent work while somebody edits the rest of it, and stay quick. Throws
 * `config.not_found`, `config.unreadable` and `config.invalid`, the latter when it can't be read as far as that.
 */
export async function stateFolder(file: string, missingOk: boolean, environment: Environment): Promise<string | undefined> {
  const set = stateFolderIn(environment);
  if (set !== undefined) return checked(set, 'the environment');
  const { layers, faults } = await readMain(resolve(file), missingOk, unlocated);
  const [fault] = faults;
  if (fault !== undefined) {
    const place = `${fault.file ?? file}${fault.line === undefined ? '' : `:${fault.line}`}`;
    throw configErrors.invalid(`${place} ${fault.message}`, { remedy: REMEDY });
  }
  return checked(compose(layers).layer.table['state'], file);
}

function checked(state: JsonValue | undefined, from: string): string | undefined {
  if (state === undefined || (typeof state === 'string' && isPath(state))) return state;
  throw configErrors.invalid(`state in ${from} is no absolute path`, { remedy: REMEDY });
}
