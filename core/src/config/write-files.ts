import { chmod, chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Random } from '../context/index.ts';
import { configErrors } from './errors.ts';
import { isFileError } from './is-file-error.ts';
import type { FileMigration } from './migrate-files.ts';

/**
 * Puts migrated files in place of the old ones, each at once and for good, with mode and owner kept; a symbolic link
 * stays one. Everything is written beside first, so that a full disk or a missing permission changes nothing. Throws
 * `config.unwritable`, and `config.changed_meanwhile` when somebody else has written to a file since it was read.
 */
export async function writeMigrations(migrations: readonly FileMigration[], random: Random): Promise<void> {
  const ready: { readonly from: string; readonly to: string }[] = [];
  const done: string[] = [];
  try {
    for (const migration of migrations) ready.push(await writeBeside(migration, random));
    for (const { file, before } of migrations) {
      if (new TextDecoder().decode(await readFile(file)) !== before)
        throw configErrors.changedMeanwhile(`${file} has been changed since it was read`);
    }
    for (const { from, to } of ready) {
      await rename(from, to);
      done.push(to);
    }
  } catch (thrown) {
    for (const { from } of ready) await rm(from, { force: true });
    if (!isFileError(thrown)) throw thrown;
    const so = done.length === 0 ? 'nothing was written' : `only ${done.join(', ')} was written`;
    throw configErrors.unwritable(`the configuration can't be written, ${so}: ${thrown.message}`, { cause: thrown });
  }
}

async function writeBeside({ file, after }: FileMigration, random: Random): Promise<{ readonly from: string; readonly to: string }> {
  const to = await realpath(file);
  const { mode, uid, gid } = await stat(to);
  // A name with a dot in front is matched by no import's pattern.
  const from = join(dirname(to), `.${basename(to)}.${random.id()}`);
  try {
    await using handle = await open(from, 'wx', 0o600);
    await handle.writeFile(after);
    await handle.sync();
    await chown(from, uid, gid);
    await chmod(from, mode & 0o7777);
  } catch (thrown) {
    await rm(from, { force: true });
    throw thrown;
  }
  return { from, to };
}
