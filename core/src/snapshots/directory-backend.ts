import { lstat, opendir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../json.ts';
import { makeFolders } from '../context/index.ts';
import { isErrno } from '../errors/index.ts';
import { flush } from '../metadata/flush.ts';
import type { BackendObject, SnapshotBackend } from '../metadata/snapshot-backend.ts';
import type { SnapshotUsage } from '../metadata/snapshots.ts';
import { namespaceOf } from './backend-objects.ts';
import { snapshotErrors } from './errors.ts';

/** A folder that is being made, or going. */
const UNFINISHED = '.unfinished';

/**
 * One folder an object, inside of a folder that nothing else uses:
 *
 * ```
 * <folder>/<id>              what the snapshot itself has
 * <folder>/<id>.unfinished   being made or removed
 * ```
 *
 * Its place is `{ path, below }`: its own folder, writable while it is active, and the folders of what it stands on, the
 * nearest first, as an overlay file system wants them. A view has no `path`.
 */
export class DirectoryBackend implements SnapshotBackend {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async prepare(object: BackendObject, signal: AbortSignal): Promise<JsonObject> {
    signal.throwIfAborted();
    const { made, unfinished } = this.#paths(object.id);
    await makeFolders(unfinished, 0o700);
    signal.throwIfAborted();
    await rename(unfinished, made);
    await this.#flush();
    return this.#place(object);
  }

  async commit(object: BackendObject, signal: AbortSignal): Promise<JsonObject> {
    signal.throwIfAborted();
    await flushTree(this.#paths(object.id).made, signal);
    return this.#place(object);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const { made, unfinished } = this.#paths(id);
    await rm(unfinished, { recursive: true, force: true });
    signal.throwIfAborted();
    // Out of the way at once, then bit by bit.
    await ifThere(rename(made, unfinished));
    await rm(unfinished, { recursive: true, force: true });
    await ifThere(this.#flush());
  }

  async usage(id: string, signal: AbortSignal): Promise<SnapshotUsage> {
    return usageOf(this.#paths(id).made, signal);
  }

  async *list(signal: AbortSignal): AsyncIterable<string> {
    const entries = await ifThere(opendir(this.#folder));
    if (entries === undefined) return;
    for await (const { name } of entries) {
      signal.throwIfAborted();
      const id = name.endsWith(UNFINISHED) ? name.slice(0, -UNFINISHED.length) : name;
      if (namespaceOf(id) !== undefined) yield id;
    }
  }

  #place({ id, kind, parents }: BackendObject): JsonObject {
    const below = parents.map((parent) => this.#paths(parent).made);
    return kind === 'view' ? { below } : { path: this.#paths(id).made, below };
  }

  /** Names come from the store; one that could lead elsewhere is no name of ours. */
  #paths(id: string): { readonly made: string; readonly unfinished: string } {
    if (namespaceOf(id) === undefined || id.includes('/')) throw snapshotErrors.invalidType(`${JSON.stringify(id)} is no id of an object`);
    const made = join(this.#folder, id);
    return { made, unfinished: `${made}${UNFINISHED}` };
  }

  #flush(): Promise<void> {
    return flush(this.#folder);
  }
}

async function usageOf(path: string, signal: AbortSignal): Promise<SnapshotUsage> {
  signal.throwIfAborted();
  let usage = await usageOfFile(path);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    // Its owner goes on with it meanwhile: what is deleted takes nothing.
    const own = await ifThere(entry.isDirectory() ? usageOf(child, signal) : usageOfFile(child));
    if (own !== undefined) usage = { bytes: usage.bytes + own.bytes, items: usage.items + own.items };
  }
  return usage;
}

/** Of a folder without what is in it, too. */
const usageOfFile = async (path: string): Promise<SnapshotUsage> => ({ bytes: (await lstat(path)).blocks * 512, items: 1 });

/** To the disk, so that what is committed outlives a power loss. */
async function flushTree(path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await flushTree(child, signal);
    else if (entry.isFile()) await flush(child);
  }
  await flush(path);
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
