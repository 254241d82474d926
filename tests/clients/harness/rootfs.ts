import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.ts';

/** A root file system of busybox alone, for containers without an image. */
export async function makeRootfs(folder: string): Promise<string> {
  for (const path of ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp']) mkdirSync(join(folder, path), { recursive: true });
  const busybox = (await must('which', ['busybox'])).trim();
  copyFileSync(busybox, join(folder, 'bin', 'busybox'));
  for (const applet of ['sh', 'sleep', 'ip', 'ping', 'true']) symlinkSync('busybox', join(folder, 'bin', applet));
  return folder;
}
