import { open } from 'node:fs/promises';

/** A config is written by people; what is larger than this is something else. */
export const MOST_BYTES = 1 << 20;

/** A file's bytes, and of one that is too large no more than shows that. Takes a pipe as well, and a device without an end. */
export async function readBytes(file: string): Promise<Uint8Array> {
  await using handle = await open(file);
  const bytes = new Uint8Array(MOST_BYTES + 1);
  let length = 0;
  while (length < bytes.byteLength) {
    const { bytesRead } = await handle.read(bytes, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
