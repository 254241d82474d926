/** A part of the process's addresses. */
export interface Stretch {
  readonly from: number;
  readonly bytes: number;
}

interface FileMapping extends Stretch {
  /** As in `r-xp`: what may be done with it, then whether it is shared or private. */
  readonly access: string;
  readonly path: string;
  /** Whether pages of it are the process's own, no longer the file's; nobody knows in `maps`, which doesn't say. */
  readonly written: boolean | undefined;
}

const HEAD = /^([\da-f]+)-([\da-f]+) (\S{4}) \S+ \S+ \S+ +(\/.*)/;
const OWN_PAGES = /^Anonymous: +(\d+) kB$/m;

/** Files that are mapped for reading and with nothing of ours in them, such as a store's; of `/proc/self/maps`. */
export function sharedFiles(maps: string): readonly Stretch[] {
  return fileMappings(maps).filter(({ access }) => access === 'r--s');
}

/**
 * Code and constants of the program as they are in its file; of `/proc/self/smaps`. They were mapped when the process began
 * and stay where they are until it ends. Left out is what the loader has written to, and what the program has mapped of
 * itself later.
 */
export function programPages(smaps: string, program: string): readonly Stretch[] {
  const mapped = fileMappings(smaps).filter(({ path }) => path === program);
  const later = mapped.findIndex(({ from }, at) => at > 0 && from !== endOf(mapped[at - 1]));
  const image = later === -1 ? mapped : mapped.slice(0, later);
  return image.filter(({ access, written }) => /^r-.p$/.test(access) && written === false);
}

const endOf = (mapping: Stretch | undefined): number | undefined => mapping && mapping.from + mapping.bytes;

function fileMappings(text: string): readonly FileMapping[] {
  return text.split(/^(?=[\da-f]+-[\da-f]+ )/m).flatMap((entry) => {
    const [, start = '', end = '', access = '', path = ''] = HEAD.exec(entry) ?? [];
    if (path === '') return [];
    const from = Number.parseInt(start, 16);
    const own = OWN_PAGES.exec(entry)?.[1];
    return [{ from, bytes: Number.parseInt(end, 16) - from, access, path, written: own === undefined ? undefined : own !== '0' }];
  });
}
