import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Says which run of the kernel this is; undefined where the machine has no such thing. */
export type BootIdReader = () => Promise<string | undefined>;

/** Linux makes a new one at each boot. */
export const kernelBootId: BootIdReader = async () => {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return undefined; // not Linux: the store is then taken as this boot's
  }
};

/** Beside the data file, so that it can be read without opening what a power loss may have damaged. */
const BOOT_FILE = 'boot';
const ASIDE = '-of-';

/**
 * Clears the way for this boot's store: what another boot left is renamed to `<folder>-of-<its boot id>`, of which the
 * newest is kept for who wants to look into it. Resolves with the path it was set aside to.
 */
export async function setAsideOtherBoot(folder: string, bootId: string | undefined): Promise<string | undefined> {
  if (bootId === undefined || !existsSync(folder)) return undefined;
  const former = await storedBootId(folder);
  return former === bootId ? undefined : setAside(folder, former);
}

/** Part of making a store's folder. */
export async function writeBootId(folder: string, bootId: string): Promise<void> {
  await writeFile(join(folder, BOOT_FILE), `${bootId}\n`);
}

/** The boot that a store is from; undefined where that can't be said, e.g. after a power loss. */
async function storedBootId(folder: string): Promise<string | undefined> {
  try {
    const text = (await readFile(join(folder, BOOT_FILE), 'utf8')).trim();
    return /^[0-9a-zA-Z-]{1,64}$/.test(text) ? text : undefined;
  } catch {
    return undefined; // no file: it can't be of this boot
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
