/**
 * What a package would be when it is published: all that its `exports` and `bin` lead to is packed, and nothing that only this
 * repository or this machine has a use for.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFaults } from './package-faults.ts';
import * as z from 'zod';

const Packed = z.array(z.object({ name: z.string(), files: z.array(z.object({ path: z.string() })) }));
const Workspaces = z.array(z.object({ name: z.string(), location: z.string() }));

const npm = (...args: readonly string[]): unknown =>
  JSON.parse(execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 120_000 }));

const folders = new Map(Workspaces.parse(npm('query', '.workspace')).map(({ name, location }) => [name, location]));
const packed = Packed.parse(npm('pack', '--workspaces', '--dry-run', '--json', '--ignore-scripts'));
const faults = packed.flatMap(({ name, files }) => {
  const manifest: unknown = JSON.parse(readFileSync(join(folders.get(name) ?? '', 'package.json'), 'utf8'));
  return packageFaults(
    manifest,
    files.map(({ path }) => path),
  ).map((fault) => `${name}: ${fault}`);
});
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
