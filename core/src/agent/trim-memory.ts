import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { collectGarbage } from './collect-garbage.ts';
import { programPages, sharedFiles, type Stretch } from './mappings.ts';

/** MADV_DONTNEED: of a file's pages that nobody has written to, it takes nothing but their place in the process. */
const NOT_NEEDED = 4;

/** The C library's and the kernel's part. */
interface Native {
  trim(pad: number): number;
  madvise(from: number, bytes: number, advice: number): number;
  readonly program: readonly Stretch[];
}

/** Bound once: each binding stays for as long as the process lives. */
let bound: Promise<Native> | undefined;

/**
 * Gives back to the kernel what the process holds and does not need; takes milliseconds, some 50 where V8's heap has grown,
 * and loses nothing:
 *
 * - garbage in V8's heap;
 * - what has been freed, which the C library would keep; where that is glibc;
 * - pages of the stores' files, which stay mapped for each record that was ever read or written, and in former places of
 *   the map too, because LMDB keeps those when a file grows; on Linux, as
 * - the program's own pages, half of which only a start or a compiler needs. What is needed of either comes back by a
 *   fault of the page, from the cache of the file system.
 */
export async function trimMemory(): Promise<void> {
  bound ??= bind();
  const { trim, madvise, program } = await bound;
  await collectGarbage();
  trim(0);
  // Looked up and given back in one go: these may be unmapped later, and then something else is in their place.
  for (const { from, bytes } of [...program, ...sharedFiles(mappings())]) madvise(from, bytes, NOT_NEEDED);
}

async function bind(): Promise<Native> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const madvise: Native['madvise'] = library.func('int madvise(uintptr_t, size_t, int)');
  const smaps = await readFile('/proc/self/smaps', 'utf8').catch(() => '');
  return { trim: trimOf(library), madvise, program: programPages(smaps, process.execPath) };
}

function trimOf(library: { func(definition: string): Native['trim'] }): Native['trim'] {
  try {
    return library.func('int malloc_trim(size_t)');
  } catch {
    return () => 0; // other C libraries have no such call
  }
}

/** Nothing where the system has no such file. */
function mappings(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8');
  } catch {
    return '';
  }
}
