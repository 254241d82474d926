import { metadataErrors } from './errors.ts';

/** The most bytes of UTF-8 that one unit of UTF-16 makes. */
export const MOST_BYTES = 3;
const REPLACEMENT = '\ufffd';

/** Keys as LMDB holds them: UTF-8, without the library's own order of types. */
export const textKeys = {
  /** Where the key ends that is written from `start` on. The library makes room and asks again where it meets a RangeError. */
  writeKey(key: string, target: Buffer, start: number): number {
    const room = target.length - start;
    if (key.length * MOST_BYTES > room && Buffer.byteLength(key) > room) throw new RangeError('a key finds no room');
    return start + target.write(key, start, 'utf8');
  },

  /** `metadata.damaged` where the bytes are no UTF-8: no key of ours. */
  readKey(source: Buffer, start: number, end: number): string {
    const key = source.toString('utf8', start, end);
    if (key.includes(REPLACEMENT) && Buffer.compare(Buffer.from(key), source.subarray(start, end)) !== 0)
      throw metadataErrors.damaged(`a key of the store is no text: ${source.toString('hex', start, end)}`);
    return key;
  },
};
