/**
 * Joins the modules that the agent loads, more than a thousand small ones, into few large ones: examples/agent/dist/bundle.
 * Looking for modules and linking them is a third of a start. Without a bundle everything works alike, and starts later.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, isAbsolute, join, sep } from 'node:path';
import * as z from 'zod';
import { type Index, isFresh, readIndex, stateOf, writeIndex } from './bundle/index-file.ts';
import { late, leftOut, ownPlace, withoutLocales } from './bundle/substitutes.ts';

const ROOT = join(import.meta.dirname, '..');
const AGENT = join(ROOT, 'examples', 'agent');
const MAIN = join(AGENT, 'dist', 'main.js');
const TARGET = join(AGENT, 'dist', 'bundle');
const INDEX = join(TARGET, 'index.json');

/** What plugins that come as packages import of core. */
const DOORS = ['.', './contracts', './network', './client'];
const Manifest = z.object({ exports: z.record(z.string(), z.object({ default: z.string() })) });

/** What changes whenever a module does: what the compiler writes beside a package, and what npm writes when it installs. */
function signsOf(modules: readonly string[]): readonly string[] {
  const packages = new Set(modules.filter((id) => isAbsolute(id)).map((id) => findPackageJSON('..', id) ?? id));
  const own = [...packages].filter((file) => !file.includes(`${sep}node_modules${sep}`));
  const scripts = [import.meta.filename, join(import.meta.dirname, 'bundle', 'substitutes.ts')];
  return [join(ROOT, 'node_modules', '.package-lock.json'), ...scripts, ...own.map((file) => join(dirname(file), 'tsconfig.tsbuildinfo'))];
}

function doorsOfCore(): readonly string[] {
  const core = join(ROOT, 'core');
  const { exports } = Manifest.parse(JSON.parse(readFileSync(join(core, 'package.json'), 'utf8')));
  return DOORS.map((name) => join(core, exports[name]?.default ?? name));
}

async function bundle(former: Index | undefined): Promise<string> {
  const { rolldown } = await import('rolldown');
  const doors = doorsOfCore();
  const plugins = [leftOut(TARGET), late, withoutLocales, ownPlace(TARGET)];
  await using made = await rolldown({ input: [MAIN, ...doors], platform: 'node', plugins, logLevel: 'silent' });
  const { output } = await made.write({ dir: TARGET, format: 'esm' });
  const chunks = output.filter((one) => one.type === 'chunk');
  const [files, modules] = [chunks.map(({ fileName }) => fileName), chunks.flatMap(({ moduleIds }) => moduleIds)];
  const entryOf = (file: string): string => chunks.find(({ facadeModuleId }) => facadeModuleId === file)?.fileName ?? file;
  writeIndex(INDEX, {
    main: entryOf(MAIN),
    doors: doors.map((file) => [stateOf(AGENT, file)[0], entryOf(file)]),
    madeOf: signsOf(modules).map((file) => stateOf(AGENT, file)),
    files,
  });
  // An agent that runs meanwhile may still ask for modules of the bundle before this one.
  const asked = new Set(['index.json', ...files, ...(former?.files ?? [])]);
  for (const file of readdirSync(TARGET)) if (!asked.has(file)) rmSync(join(TARGET, file), { force: true });
  return `hawser: ${modules.length} modules bundled into ${files.length}`;
}

const former = readIndex(INDEX);
if (former === undefined || !isFresh(AGENT, former)) {
  const notBundled = (error: unknown): string => `hawser: not bundled, it starts later: ${String(error).split('\n')[0] ?? ''}`;
  console.log(await bundle(former).catch(notBundled));
}
