import { type BigIntStats, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { DATA_FILE } from './environment.ts';

const WHOLE_SECOND = '000000000';

/** Beside the data file. */
const FILE = 'clean-stop.json';

/**
 * The data file as an agent left it that had found it sound and closed it in order. Whatever has written to it since,
 * cut it, or put another in its place has changed one of these.
 */
const CleanStop = z.strictObject({ inode: z.string(), size: z.string(), modifiedNs: z.string(), changedNs: z.string() });
type CleanStop = z.infer<typeof CleanStop>;

/** The file that a folder has now, for `markCleanStop`. */
export const inodeIn = (folder: string): string => look(folder).inode;

/**
 * Call when a sound store has been closed, with the file that it was: what somebody has put in its place meanwhile nobody has
 * looked at. Where the file system rounds times to seconds they don't tell enough, and there is no mark either.
 */
export function markCleanStop(folder: string, inode: string): void {
  const now = look(folder);
  if (now.inode !== inode || now.modifiedNs.endsWith(WHOLE_SECOND)) return;
  writeFileSync(join(folder, FILE), `${JSON.stringify(now)}\n`, { mode: 0o600 });
}

/** Whether nobody has touched the data file since its last clean stop: then its pages need no look. In doubt it is false. */
export function isAsCleanlyStopped(folder: string): boolean {
  try {
    const known = CleanStop.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
    const now = look(folder);
    return CleanStop.keyof().options.every((field) => known[field] === now[field]);
  } catch {
    return false; // missing, cut short or not ours: the pages tell
  }
}

function look(folder: string): CleanStop {
  const { ino, size, mtimeNs, ctimeNs }: BigIntStats = statSync(join(folder, DATA_FILE), { bigint: true });
  return { inode: `${ino}`, size: `${size}`, modifiedNs: `${mtimeNs}`, changedNs: `${ctimeNs}` };
}
