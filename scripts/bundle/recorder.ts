/**
 * `node recorder.ts <loader> <main> <target>`: runs the agent of a bundle on a model of a kernel, first as a service, then as the
 * tour, and writes what V8 has compiled meanwhile. Most of what a start needs is only compiled when it is called, and would be again
 * at each start. Where in `target` the code of which module lies is told in `<target>.json`.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import v8 from 'node:v8';
import type { Code } from './index-file.ts';
import type { Bundle } from './loader.ts';

const POLL_MS = 20;
const READY_MS = 15_000;

// As bin/hawser.js does, for V8 refuses what was compiled under other flags; those that the agent sets later are left out here.
v8.setFlagsFromString('--semi-space-growth-factor=1');
v8.setFlagsFromString = () => undefined;

const [loader = '', main = '', target = ''] = process.argv.slice(2);
const { theBundle } = createRequire(import.meta.url)(loader) as { theBundle(): Bundle };
const bundle = theBundle();
const exit = process.exit.bind(process);

const config = (folder: string): string => `version = 1
root = ${JSON.stringify(join(folder, 'root'))}
state = ${JSON.stringify(join(folder, 'state'))}
disabled = ["hawser.host.v1.linux"]
[plugins."hawser.host.v1.simulated"]
[plugins."hawser.mode.v1.bridge"]
[plugins."hawser.ipam.v1.range"]
ranges = ["10.88.0.0/24"]
`;

/** Runs a command of the agent in this process; resolves with its exit code. */
function command(...words: string[]): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  process.argv = [process.execPath, 'hawser', ...words];
  Object.assign(process, { exit: resolve });
  bundle.modules.delete(main);
  bundle.load(main);
  return promise;
}

async function service(folder: string): Promise<unknown> {
  const file = join(folder, 'config.toml');
  writeFileSync(file, config(folder));
  const ended = command('--config', file, 'run');
  for (let waited = 0; waited < READY_MS && !existsSync(join(folder, 'state', 'cni.sock')); waited += POLL_MS) await delay(POLL_MS);
  process.emit('SIGTERM', 'SIGTERM');
  return await ended;
}

async function tried(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-bundle-'));
  try {
    return (await service(folder)) === 0 && (await command('try', '--once', '--host', 'simulated')) === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(): void {
  const compiled = Array.from(bundle.scripts, ([file, script]) => ({ file, code: script.createCachedData() }));
  const places: Code['places'] = [];
  let start = 0;
  for (const { file, code } of compiled) {
    places.push([file, start, code.length]);
    start += code.length;
  }
  writeFileSync(target, Buffer.concat(compiled.map(({ code }) => code)));
  writeFileSync(`${target}.json`, JSON.stringify(places));
}

const held = await tried();
if (held) write();
exit(held ? 0 : 1);
