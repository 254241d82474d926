/**
 * Gives back to the kernel what has been freed since the start of the process, some megabytes after a boot, which the C
 * library would keep; takes less than a millisecond. Nothing happens where the library is not glibc.
 */
export async function trimMemory(): Promise<void> {
  const { default: koffi } = await import('koffi');
  let trim: (pad: number) => number;
  try {
    trim = koffi.load(null).func('int malloc_trim(size_t)');
  } catch {
    return; // other C libraries have no such call
  }
  trim(0);
}
