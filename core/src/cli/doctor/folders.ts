import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AgentConfig } from '../../config/index.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

const REMEDY = 'Run as root, or set `root` and `state` in the config to folders that this user owns.';

/** Whether root and state are there, ours and closed to others, or can be made. */
export async function checkFolders({ root, state }: AgentConfig): Promise<readonly Finding[]> {
  return [await checkFolder('root folder', root, 0o700), await checkFolder('state folder', state, 0o711)];
}

async function checkFolder(check: string, path: string, mode: number): Promise<Finding> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return checkAbsent(check, path);
  if (!found.isDirectory()) return fail(check, `${path} is not a folder`, 'Move it away, or name another folder in the config.');
  if (!(await isWritable(path))) return fail(check, `${path} can't be written by this user`, REMEDY);
  const excess = found.mode & 0o777 & ~mode;
  if (excess !== 0)
    return warn(
      check,
      `${path} has mode ${(found.mode & 0o777).toString(8)}`,
      `Nothing: the agent sets ${mode.toString(8)} when it starts.`,
    );
  return ok(check, path);
}

/** The agent makes it where it may write to the nearest folder above that is there. */
async function checkAbsent(check: string, path: string): Promise<Finding> {
  let parent = dirname(path);
  while (parent !== dirname(parent) && !(await exists(parent))) parent = dirname(parent);
  return (await isWritable(parent))
    ? ok(check, `${path} will be made`)
    : fail(check, `${path} isn't there and can't be made in ${parent}`, REMEDY);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const isWritable = (path: string): Promise<boolean> =>
  access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
