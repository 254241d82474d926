import { closeSync, constants, type Dir, fstatSync, opendirSync, openSync, readFileSync, statSync } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, makeFolders } from '@hawser/core';
import type { DetachRequest } from '@hawser/core/network';
import { CniCode, CniError } from '../protocol/cni-error.ts';
import { decodeRequest } from '../protocol/decode.ts';
import { decodeRequestFrame, MAX_FRAME_BYTES } from '../protocol/frame.ts';

/** `<seconds, 11 digits><nanoseconds, 9 digits>-<process id>.del`: sorts by the time of the DEL. */
const NAME = /^\d{20}-\d+\.del$/;

/** Of one that is not complete. */
const UNFINISHED = /^\.(\d{11})\d{9}-\d+\.del\.tmp$/;

/** An executable that has not ended its writing by then is dead; whoever called it was told of no success. */
const UNFINISHED_FOR_MS = 3_600_000;

/** More in one look are left for the next. */
const MAX_LISTED = 10_000;

/**
 * The folder that executables write to while no agent answers.
 *
 * ```
 * tombstones/                                   0700
 * tombstones/01795253995590977768-4711.del      a request frame, complete
 * tombstones/.01795253995590977768-4711.del.tmp one that is being written, or whose writer died
 * tombstones/corrupt/…                          what could not be read, for people to look at
 * ```
 */
export class TombstoneFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes it where it isn't there, and takes away what executables were killed in writing. */
  async create(now: number): Promise<void> {
    await makeFolders(this.path, 0o700);
    for (const name of await readdir(this.path)) {
      const seconds = UNFINISHED.exec(name)?.[1];
      if (seconds !== undefined && now - Number(seconds) * 1_000 > UNFINISHED_FOR_MS) await this.remove(name);
    }
  }

  /**
   * When a name came or went last, milliseconds since the epoch, and a text that differs after each such change but
   * those of one tick of the kernel's clock, some milliseconds. Undefined where there is no folder.
   */
  changed(): { readonly at: number; readonly stamp: string } | undefined {
    const stats = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    return stats && { at: Number(stats.mtimeMs), stamp: `${stats.dev}:${stats.ino}:${stats.mtimeNs}` };
  }

  /**
   * Names in the order of their writing, none where there is no folder; not complete when there are more than fit.
   * Synchronously, because ADDs wait for it: by way of the thread pool it would take a millisecond.
   */
  list(): { readonly names: readonly string[]; readonly complete: boolean } {
    const names: string[] = [];
    const folder = this.#open();
    try {
      for (let entry = folder?.readSync(); entry; entry = folder?.readSync()) {
        if (!NAME.test(entry.name)) continue;
        if (names.length === MAX_LISTED) return { names: names.sort(), complete: false };
        names.push(entry.name);
      }
    } finally {
      folder?.closeSync();
    }
    return { names: names.sort(), complete: true };
  }

  /**
   * Undefined where it has gone meanwhile; a CniError where it holds no DEL. Synchronously: on a machine that is busy starting
   * pods each way through the thread pool takes as long as reading a hundred of them.
   */
  read(name: string): DetachRequest | undefined {
    const bytes = this.#bytes(name);
    if (bytes === undefined) return undefined;
    const request = decodeRequest(decodeRequestFrame(bytes));
    if (request.verb !== 'DEL') throw new CniError(CniCode.decoding, `the tombstone holds ${request.verb}`);
    return request.request;
  }

  async remove(name: string): Promise<void> {
    await unlink(join(this.path, name)).catch(toleratingMissing);
  }

  async setAside(name: string): Promise<void> {
    await makeFolders(join(this.path, 'corrupt'), 0o700);
    await rename(join(this.path, name), join(this.path, 'corrupt', name)).catch(toleratingMissing);
  }

  #open(): Dir | undefined {
    try {
      return opendirSync(this.path, { bufferSize: 256 });
    } catch (error) {
      return toleratingMissing(error);
    }
  }

  #bytes(name: string): Buffer | undefined {
    const file = this.#openFile(name);
    if (file === undefined) return undefined;
    try {
      const stats = fstatSync(file);
      if (!stats.isFile() || stats.size > MAX_FRAME_BYTES)
        throw new CniError(CniCode.decoding, 'the tombstone is no file of a possible size');
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Neither a link nor a pipe that somebody put there is followed or waited for. */
  #openFile(name: string): number | undefined {
    try {
      return openSync(join(this.path, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (isErrno(error, 'ELOOP')) throw new CniError(CniCode.decoding, 'the tombstone is a symbolic link');
      return toleratingMissing(error);
    }
  }
}

function toleratingMissing(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT')) throw error;
  return undefined;
}
