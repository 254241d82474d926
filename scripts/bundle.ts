/**
 * Joins the modules that the agent loads, more than a thousand small ones, into few large ones: examples/agent/dist/bundle.
 * Looking for modules and linking them is a third of a start. Without a bundle everything works alike, and starts later.
 */
import { globSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Index, isFresh, readIndex, stateOf, writeIndex } from './bundle/index-file.ts';
import { late, lateTransport, leftOut, ownPlace, plainBuiltins, withoutLocales } from './bundle/substitutes.ts';

const ROOT = join(import.meta.dirname, '..');
const AGENT = join(ROOT, 'examples', 'agent');
const MAIN = join(AGENT, 'dist', 'main.js');
const TARGET = join(AGENT, 'dist', 'bundle');
const INDEX = join(TARGET, 'index.json');

/** What plugins that come as packages import of core. */
const DOORS = ['.', './contracts', './network', './client'];
const Manifest = z.object({ exports: z.record(z.string(), z.object({ default: z.string() })) });

/** What changes whenever a module does: what the compiler writes beside a package, what npm writes when it installs, and how it is made. */
function signs(): readonly string[] {
  const packages = globSync(
    ['core', 'plugins/*', 'plugins/*/*', 'examples/agent'].map((folder) => `${folder}/tsconfig.tsbuildinfo`),
    { cwd: ROOT },
  );
  return ['node_modules/.package-lock.json', 'scripts/bundle.ts', 'scripts/bundle/substitutes.ts', ...packages].map((path) =>
    join(ROOT, path),
  );
}

function doorsOfCore(): readonly string[] {
  const core = join(ROOT, 'core');
  const { exports } = Manifest.parse(JSON.parse(readFileSync(join(core, 'package.json'), 'utf8')));
  return DOORS.map((name) => join(core, exports[name]?.default ?? name));
}

async function bundle(former: Index | undefined): Promise<string> {
  // Of before: what changes meanwhile makes it stale.
  const madeOf = signs().map((file) => stateOf(AGENT, file));
  const { rolldown } = await import('rolldown');
  const doors = doorsOfCore();
  const plugins = [leftOut(TARGET), late, lateTransport(TARGET), withoutLocales, ownPlace(TARGET), plainBuiltins];
  await using made = await rolldown({ input: [MAIN, ...doors], platform: 'node', plugins, logLevel: 'silent' });
  const { output } = await made.write({ dir: TARGET, format: 'esm' });
  const chunks = output.filter((one) => one.type === 'chunk');
  const files = chunks.map(({ fileName }) => fileName);
  const entryOf = (file: string): string => chunks.find(({ facadeModuleId }) => facadeModuleId === file)?.fileName ?? file;
  writeIndex(INDEX, {
    main: entryOf(MAIN),
    doors: doors.map((file) => [stateOf(AGENT, file)[0], entryOf(file)]),
    madeOf,
    files,
  });
  // An agent that runs meanwhile may still ask for modules of the bundle before this one.
  const asked = new Set(['index.json', ...files, ...(former?.files ?? [])]);
  for (const file of readdirSync(TARGET)) if (!asked.has(file)) rmSync(join(TARGET, file), { force: true });
  return `hawser: ${chunks.flatMap(({ moduleIds }) => moduleIds).length} modules bundled into ${files.length}`;
}

const former = readIndex(INDEX);
if (former === undefined || !isFresh(AGENT, former)) {
  const notBundled = (error: unknown): string => `hawser: not bundled, it starts later: ${String(error).split('\n')[0] ?? ''}`;
  console.log(await bundle(former).catch(notBundled));
}
