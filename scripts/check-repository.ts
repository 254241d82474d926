/**
 * What must not be in a commit: paths of one machine, download addresses in the lock file, large files, and a lock file
 * that lacks optional packages of other platforms, which `npm ci` refuses.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import * as z from 'zod';

const Lock = z.object({ packages: z.record(z.string(), z.object({ optionalDependencies: z.record(z.string(), z.string()).default({}) })) });
const MEBIBYTE = 2 ** 20;
/** Homes, scratch folders and mounts of one machine, written so that this file does not name one itself. */
const MACHINE_PATH = new RegExp(`(?<![\\w.~-])/(?:${['home', 'Users', 'work', 'farm'].join('|')})/[\\w.-]+|/tmp/bash[_]jobs`);

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).split('\0');
const faults: string[] = [];

for (const file of files.filter((name) => name !== '')) {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MEBIBYTE) faults.push(`${file}: ${Math.round(size / 1024)} KiB; keep files under 1 MiB`);
  else for (const fault of faultsIn(file, readFileSync(file, 'utf8'))) faults.push(`${file}:${fault}`);
}

function faultsIn(file: string, content: string): readonly string[] {
  if (content.includes('\0')) return [];
  const lines = content.split('\n').entries();
  return [...lines].flatMap(([index, line]) => {
    if (file === 'package-lock.json' && /"resolved": "https?:/.test(line))
      return [`${index + 1}: a registry address; .npmrc leaves them out, run npm install again`];
    return MACHINE_PATH.test(line) ? [`${index + 1}: a path of one machine: ${line.trim().slice(0, 100)}`] : [];
  });
}

for (const name of lackingPackages())
  faults.push(`package-lock.json: lacks ${name}; choose a version of its dependent that is published for every platform`);

/** Optional dependencies that the lock file names and does not hold, where a dependent would look for them. */
function lackingPackages(): readonly string[] {
  const { packages } = Lock.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
  return Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies).filter((name) => !foldersAbove(path).some((folder) => `${folder}node_modules/${name}` in packages)),
  );
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/node_modules/');
  return ['', ...parts.map((_, at) => `${parts.slice(0, at + 1).join('/node_modules/')}/`)];
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
