import { chmod } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isInside } from '../config/is-path.ts';
import type { Paths } from '../config/paths.ts';
import { makeFolders } from '../context/index.ts';
import { codeOf, fileError } from '../metadata/file-error.ts';
import { agentErrors } from './errors.ts';

/** Modes as surface and security want them: nobody reads the durable store; anybody may pass on to a socket. */
const ROOT_MODE = 0o700;
const STATE_MODE = 0o711;

/** Makes the agent's folders and sets their modes; `agent.folder_failed` names the one that can't be had. */
export async function prepareFolders(folders: Paths): Promise<Paths> {
  const root = resolve(folders.root);
  const state = resolve(folders.state);
  if (root === state || isInside(root, state) || isInside(state, root)) {
    throw agentErrors.folderShared(`root (${root}) and state (${state}) are not separate folders`, { details: { root, state } });
  }
  await prepare('root', root, ROOT_MODE);
  await prepare('state', state, STATE_MODE);
  return { root, state };
}

async function prepare(key: string, path: string, mode: number): Promise<void> {
  try {
    await makeFolders(path, mode);
    await chmod(path, mode);
  } catch (error) {
    const errno = String(codeOf(error) ?? 'unknown');
    const { message = `it can't be made: ${errno}`, remedy } = fileError(error, path) ?? {};
    throw agentErrors.folderFailed(`the ${key} folder can't be used: ${message}`, {
      cause: error,
      details: { key, path, errno },
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
