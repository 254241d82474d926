import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { metadataErrors } from './errors.ts';
import { codeOf, isThere } from './file-error.ts';

/** Says which run of the kernel this is; undefined where the machine has no such thing. */
export type BootIdReader = () => Promise<string | undefined>;

/** Linux makes a new one at each boot. */
export const kernelBootId: BootIdReader = async () => {
  // Not Linux: the store is then taken as this boot's.
  return (await textOf('/proc/sys/kernel/random/boot_id'))?.trim();
};

/** Beside the data file, so that it can be read without opening what a power loss may have damaged. */
const BOOT_FILE = 'boot';
const ASIDE = '-of-';

/**
 * Clears the way for this boot's store: what another boot left is renamed to `<folder>-of-<its boot id>`, of which the
 * newest is kept for who wants to look into it. Resolves with the path it was set aside to.
 */
export async function setAsideOtherBoot(folder: string, bootId: string | undefined): Promise<string | undefined> {
  if (bootId === undefined || !isThere(folder)) return undefined;
  const former = await storedBootId(folder);
  return former === bootId ? undefined : setAside(folder, former);
}

/** Part of making a store's folder. */
export async function writeBootId(folder: string, bootId: string): Promise<void> {
  await writeFile(join(folder, BOOT_FILE), `${bootId}\n`);
}

/** The boot that a store is from; undefined where it says none, e.g. after a power loss: it can't be of this boot then. */
async function storedBootId(folder: string): Promise<string | undefined> {
  const text = (await textOf(join(folder, BOOT_FILE)))?.trim() ?? '';
  return /^[0-9a-zA-Z-]{1,64}$/.test(text) ? text : undefined;
}

/** Undefined where there is no such file. What can't be read at this moment says nothing: a store in use must not be put aside for it. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw metadataErrors.openFailed(`${path} can't be read`, { cause: error });
  }
}

async function setAside(folder: string, former: string | undefined): Promise<string> {
  const aside = `${folder}${ASIDE}${former ?? 'unknown'}`;
  await removeSetAside(folder);
  await rename(folder, aside);
  return aside;
}

async function removeSetAside(folder: string): Promise<void> {
  const names = await readdir(dirname(folder));
  const former = names.filter((name) => name.startsWith(`${basename(folder)}${ASIDE}`));
  await Promise.all(former.map((name) => rm(join(dirname(folder), name), { recursive: true, force: true })));
}
