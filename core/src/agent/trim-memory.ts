/** Bound once: each binding stays for as long as the process lives. */
let bound: Promise<(pad: number) => number> | undefined;

/**
 * Gives back to the kernel what has been freed since the start of the process, some megabytes after a boot, which the C
 * library would keep; takes milliseconds. Nothing happens where the library is not glibc.
 */
export async function trimMemory(): Promise<void> {
  bound ??= bind();
  const trim = await bound;
  trim(0);
}

async function bind(): Promise<(pad: number) => number> {
  const { default: koffi } = await import('koffi');
  try {
    return koffi.load(null).func('int malloc_trim(size_t)');
  } catch {
    return () => 0; // other C libraries have no such call
  }
}
