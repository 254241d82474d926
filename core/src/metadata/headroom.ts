import { closeSync, fstatSync, openSync, readSync, statfsSync, writeSync } from 'node:fs';
import { isErrno } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { readMeta } from './lmdb-file.ts';

/** Kept for finishing and undoing what is there: enough for some hundreds of attachments with their events. */
const RESERVE_BYTES = 2 * 1024 * 1024;
/** A small disk gives this part of itself. */
const SHARE = 16;
/** The file grows by steps, so that few commits pay for it. */
const STEP_BYTES = 256 * 1024;
const ZEROS = Buffer.alloc(64 * 1024);
/** Both meta pages where pages have 4 KiB. */
const HEAD_BYTES = 4096 + 160;

/** For the list of free pages, whatever is written. */
const SPARE_BYTES = 64 * 1024;

/** Bytes that a transaction may write: copies of pages that are there, and what is new. */
export interface MayWrite {
  readonly copies: number;
  readonly added: number;
}

/** Room for one commit of these, however their pages lie; no page is copied twice. */
export function roomFor(written: readonly MayWrite[], usedBytes: number): number {
  let copies = 0;
  let added = 0;
  for (const one of written) {
    copies += one.copies;
    added += one.added;
  }
  return Math.min(copies, usedBytes) + added + SPARE_BYTES;
}

/**
 * Room in the data file behind LMDB's last page, taken from the disk before a commit needs it: what is written there
 * can't fail for want of space. LMDB writes new pages before it lets go of old ones, so that even a deletion needs
 * room; and a commit that meets a full disk leaves the library's memory in disorder (lmdb 3.5.6 ends the process with
 * "free(): invalid pointer" at the second one). Only a file system that writes elsewhere what is overwritten, such as
 * btrfs, can still be full then.
 */
export class Headroom implements Disposable {
  /** What new things may not take. */
  readonly reserveBytes: number;
  readonly #path: string;
  readonly #fd: number;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  /** Of the state that the open transaction began with. */
  #known: { readonly usedBytes: number } | undefined;
  /** What the file has at least: it never shrinks. */
  #size = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r+');
    const { blocks, bsize } = statfsSync(path);
    this.reserveBytes = Math.min(RESERVE_BYTES, Math.floor((blocks * bsize) / SHARE));
    this.ensure(this.reserveBytes);
  }

  /** Until it is disposed nothing else is committed: the file is looked at once. */
  hold(): Disposable {
    this.#known = { usedBytes: this.#look() };
    return { [Symbol.dispose]: () => void (this.#known = undefined) };
  }

  /** Bytes that the newest state in the file uses. */
  usedBytes(): number {
    return this.#known?.usedBytes ?? this.#look();
  }

  /** Makes sure of so many bytes behind those in use. False: the disk is full. */
  ensure(bytes: number): boolean {
    const end = this.usedBytes() + bytes;
    if (this.#size < end) this.#size = fstatSync(this.#fd).size;
    return this.#size >= end || this.#grow(end + STEP_BYTES) || this.#grow(end);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** Blocks are taken by writing them, a hole would take none; behind the file's end LMDB has nothing. */
  #grow(end: number): boolean {
    try {
      for (let size = fstatSync(this.#fd).size; size < end;)
        size += writeSync(this.#fd, ZEROS, 0, Math.min(end - size, ZEROS.length), size);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return false;
      throw metadataErrors.commitFailed(`${this.#path} can't grow`, { cause: error });
    }
  }

  #look(): number {
    const head = this.#head.subarray(0, readSync(this.#fd, this.#head, 0, HEAD_BYTES, 0));
    const read = (position: number, length: number): Buffer =>
      position + length <= head.length ? head.subarray(position, position + length) : this.#read(position, length);
    const meta = readMeta(read, fstatSync(this.#fd).size);
    if (typeof meta === 'string')
      throw metadataErrors.damaged(`${this.#path} is damaged: ${meta}`, { details: { path: this.#path, damage: meta } });
    return (meta.lastPage + 1) * meta.pageSize;
  }

  #read(position: number, length: number): Buffer {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(this.#fd, buffer, 0, length, position));
  }
}
