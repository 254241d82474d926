import { constants, type FileHandle, open } from 'node:fs/promises';
import { type Clock, systemClock } from '../context/index.ts';
import { isFileError } from './is-file-error.ts';

/** A config is written by people; what is larger than this is something else. */
export const MOST_BYTES = 1 << 20;

/** How long whoever holds the other end of a pipe may say nothing. */
const PATIENCE_MS = 5_000;
const POLL_MS = 10;
const CHUNK_BYTES = 64 * 1024;

/** Opening waits for nobody, and makes no terminal ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A regular file's bytes, and of one that is too large no more than shows that. Throws errors of the file system only. */
export async function readRegular(file: string): Promise<Uint8Array> {
  await using handle = await open(file, FLAGS);
  const stats = await handle.stat();
  if (stats.isDirectory()) throw fileError('EISDIR', `${file} is a folder`);
  if (!stats.isFile()) throw fileError('EINVAL', `${file} is neither a file nor a link to one`);
  return await readAll(handle, systemClock);
}

/**
 * As `readRegular`, of whatever a person names: also of a pipe, as a shell makes for `<(…)`, and of a device without an
 * end. A pipe that nobody writes to is an error, since an empty config would mean all defaults.
 */
export async function readBytes(file: string, clock: Clock = systemClock): Promise<Uint8Array> {
  await using handle = await open(file, FLAGS);
  return await readAll(handle, clock);
}

async function readAll(handle: FileHandle, clock: Clock): Promise<Uint8Array> {
  const isPipe = (await handle.stat()).isFIFO();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let heard = clock.monotonic();
  while (length <= MOST_BYTES) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const read = await readSome(handle, chunk);
    // A pipe seems to be at its end as long as nobody has opened the other one.
    if (read === 0 && (length > 0 || !isPipe)) break;
    if (read !== undefined && read > 0) {
      heard = clock.monotonic();
      length += read;
      chunks.push(chunk.subarray(0, read));
      continue;
    }
    if (clock.monotonic() - heard >= PATIENCE_MS) throw fileError('ETIMEDOUT', `nobody has written to it for ${PATIENCE_MS / 1000} s`);
    await clock.sleep(POLL_MS, NEVER);
  }
  return Buffer.concat(chunks, length);
}

/** Patience ends by itself. */
const NEVER = new AbortController().signal;

/** How many bytes came; none at the end, undefined where there are none yet. */
async function readSome(handle: FileHandle, chunk: Uint8Array): Promise<number | undefined> {
  try {
    return (await handle.read(chunk)).bytesRead;
  } catch (thrown) {
    if (isFileError(thrown) && thrown.code === 'EAGAIN') return undefined;
    throw thrown;
  }
}

const fileError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
