import { relative, sep } from 'node:path';

/** What the kernel takes of a path, without the NUL at its end. */
export const MOST_PATH_BYTES = 4095;

/** Whether a text is an absolute path that a kernel takes. */
export const isPath = (text: string): boolean => /^\/[^\0]*$/.test(text) && Buffer.byteLength(text) <= MOST_PATH_BYTES;

/** Whether a folder is somewhere in another one. */
export function isInside(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
