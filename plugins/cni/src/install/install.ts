import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, toHawserError } from '@hawser/core';
import { cniErrors } from '../endpoint/errors.ts';
import { isIdentifier } from '../protocol/environment.ts';
import { conflistFile, type ConflistOptions, EXECUTABLE_NAME, renderConflist, usesOurExecutable } from './conflist.ts';
import { loadExecutable } from './executable.ts';
import { replaceFile } from './replace-file.ts';

export interface InstallOptions extends ConflistOptions {
  /** Folder of the executable; left alone where absent. */
  readonly binDir: string | undefined;
  /** Folder of the network configuration; left alone where absent. */
  readonly confDir: string | undefined;
}

/** What is there now, and whether it had to be written. */
export interface Installed {
  readonly executable?: string;
  readonly executableKind?: 'compiled' | 'script';
  readonly conflist?: string;
  readonly changed: boolean;
}

/**
 * Installs the executable, then the network configuration that calls it. Only for an agent that is ready: from the
 * moment that the configuration is there, runtimes start pods with it. Repeating it changes nothing.
 */
export async function installCni(options: InstallOptions): Promise<Installed> {
  const { binDir, confDir, name } = options;
  if (!isIdentifier(name)) throw cniErrors.invalidName('the name of the network is not valid');
  try {
    const executable = binDir === undefined ? undefined : await installExecutable(join(binDir, EXECUTABLE_NAME));
    const conflist = confDir === undefined ? undefined : await installConflist(join(confDir, conflistFile(name)), options);
    return {
      ...(executable === undefined ? {} : { executable: executable.path, executableKind: executable.kind }),
      ...(conflist === undefined ? {} : { conflist: conflist.path }),
      changed: executable?.changed === true || conflist?.changed === true,
    };
  } catch (cause) {
    if (isCatalogued(cause)) throw cause;
    throw cniErrors.installFailed(`the installation failed: ${toHawserError(cause).message}`, { cause });
  }
}

async function installExecutable(path: string) {
  const { content, kind } = await loadExecutable();
  return { path, kind, changed: await replaceFile(path, content, 0o755) };
}

async function installConflist(path: string, options: ConflistOptions) {
  await refuseForeign(path);
  return { path, changed: await replaceFile(path, Buffer.from(renderConflist(options)), 0o644) };
}

export interface UninstallOptions {
  readonly binDir: string;
  readonly confDir: string;
  readonly name: string;
}

/**
 * Removes the network configuration first, so that no runtime calls what is gone, and then the executable unless
 * another configuration in the folder still calls it. Resolves with the paths that were removed.
 */
export async function uninstallCni({ binDir, confDir, name }: UninstallOptions): Promise<readonly string[]> {
  if (!isIdentifier(name)) throw cniErrors.invalidName('the name of the network is not valid');
  const conflist = join(confDir, conflistFile(name));
  await refuseForeign(conflist);
  try {
    const removed = await remove(conflist);
    if (await isStillUsed(confDir)) return removed;
    return [...removed, ...(await remove(join(binDir, EXECUTABLE_NAME)))];
  } catch (cause) {
    throw cniErrors.installFailed(`the removal failed: ${toHawserError(cause).message}`, { cause });
  }
}

/** A file of this name that isn't ours is nobody's to overwrite or remove. */
async function refuseForeign(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(toleratingMissing);
  if (text !== undefined && text.trim() !== '' && !usesOurExecutable(text))
    throw cniErrors.foreignConflist(`${path} is there and does not call ${EXECUTABLE_NAME}`);
}

async function isStillUsed(confDir: string): Promise<boolean> {
  const names = (await readdir(confDir).catch(toleratingMissing)) ?? [];
  const texts = await Promise.all(
    names
      .filter((name) => /\.(conf|conflist|json)$/.test(name))
      .map((name) => readFile(join(confDir, name), 'utf8').catch(toleratingMissing)),
  );
  return texts.some((text) => text !== undefined && usesOurExecutable(text));
}

async function remove(path: string): Promise<readonly string[]> {
  try {
    await unlink(path);
    return [path];
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    return [];
  }
}

function toleratingMissing(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT', 'EISDIR')) throw error;
  return undefined;
}

const isCatalogued = (error: unknown): boolean => Object.values(cniErrors).some((factory) => factory.is(error));
