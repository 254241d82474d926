import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineErrors, messageOf } from '@hawser/core';

const errors = defineErrors('try', {
  noFolder: { kind: 'FailedPrecondition', remedy: 'Set TMPDIR to a folder that this user may write, with some MiB of room.' },
});

const PREFIX = 'hawser-try-';
const OWNER = 'owner';
const STARTED = 19; // fields of /proc/<pid>/stat behind the name of the program, which may hold spaces

/** A folder that is gone with its tour. */
export interface TourFolder extends AsyncDisposable {
  readonly path: string;
}

/** Whatever of the tour's folder can't be had is told as that. */
export async function inFolders<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw errors.noFolder(`the tour gets no folder of its own in ${tmpdir()}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Makes the tour's folder, and removes those of tours that were ended before they could: by a second Ctrl-C, or by SIGKILL. A folder
 * says whose it is, so that those of tours under way are left alone.
 */
export async function openTourFolder(): Promise<TourFolder> {
  await sweep();
  const path = await mkdtemp(join(tmpdir(), PREFIX));
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    await writeFile(join(path, OWNER), (await processOf(process.pid)) ?? '');
    return { path, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && (await isLeft(path))) await rm(path, { recursive: true, force: true });
  }
}

/** Whether it is ours to remove, and its owner has ended. What doesn't say so is left. */
async function isLeft(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() !== true || found.uid !== process.getuid?.()) return false;
  const owner = await readFile(join(path, OWNER), 'utf8').catch(() => '');
  const [, namespace, pid] = /^(pid:\[\d+\]) (\d+) \d+$/.exec(owner) ?? [];
  // Of the processes of another container nothing is known here.
  if (namespace === undefined || namespace !== (await pidNamespace())) return false;
  return (await processOf(Number(pid))) !== owner;
}

/** Tells a process from every other one of this machine, also from one that has its number later; undefined where there is none. */
async function processOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const [state, ...others] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const started = state === 'Z' ? undefined : others[STARTED - 1]; // it has ended, and nobody has asked how
  const namespace = await pidNamespace();
  return started === undefined || namespace === undefined ? undefined : `${namespace} ${pid} ${started}`;
}

const pidNamespace = (): Promise<string | undefined> => readlink('/proc/self/ns/pid').catch(() => undefined);
