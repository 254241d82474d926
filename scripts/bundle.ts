/**
 * Joins the modules that the agent loads, more than a thousand small ones, into few large ones: examples/agent/dist/bundle.
 * Looking for modules and linking them is a third of a start. Without a bundle everything works alike, and starts later.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Index, isFresh, Places, readIndex, stateOf, writeIndex } from './bundle/index-file.ts';
import { fromHere, givenImport, late, lateCryptography, lateTransport, leftOut, ownPlace, withoutLocales } from './bundle/substitutes.ts';

const ROOT = join(import.meta.dirname, '..');
const AGENT = join(ROOT, 'examples', 'agent');
const MAIN = join(AGENT, 'dist', 'main.js');
const TARGET = join(AGENT, 'dist', 'bundle');
const INDEX = join(TARGET, 'index.json');
const PARTS = join(import.meta.dirname, 'bundle');
const LOADER = 'loader.cjs';
const CODE = 'compiled-code';

const TRIAL_MS = 60_000;

/** What plugins that come as packages import of core. */
const DOORS = ['.', './contracts', './network', './client'];
const Manifest = z.object({ exports: z.record(z.string(), z.object({ default: z.string() })) });

/** What changes whenever a module does: what the compiler writes beside a package, what npm writes when it installs, and how it is made. */
function signs(): readonly string[] {
  const packages = globSync(
    ['core', 'plugins/*', 'plugins/*/*', 'examples/agent'].map((folder) => `${folder}/tsconfig.tsbuildinfo`),
    { cwd: ROOT },
  );
  const makers = ['scripts/bundle.ts', ...['substitutes.ts', 'loader.ts', 'recorder.ts'].map((name) => `scripts/bundle/${name}`)];
  return ['node_modules/.package-lock.json', ...makers, ...packages].map((path) => join(ROOT, path));
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
  const plugins = [leftOut(TARGET), late, lateTransport(TARGET), withoutLocales, ownPlace(TARGET), lateCryptography, givenImport];
  await using made = await rolldown({ input: [MAIN, ...doors], platform: 'node', plugins, logLevel: 'silent' });
  const names = { entryFileNames: '[name]-[hash].cjs', chunkFileNames: '[name]-[hash].cjs' };
  const { output } = await made.write({ dir: TARGET, format: 'cjs', exports: 'named', ...names });
  const chunks = output.filter((one) => one.type === 'chunk');
  const entryOf = (file: string) => chunks.find(({ facadeModuleId }) => facadeModuleId === file);
  const main = entryOf(MAIN)?.fileName ?? '';
  await writeLoader();
  const doorFiles = doors.map((file): readonly [string, string] => {
    const door = entryOf(file);
    if (door === undefined) throw new Error(`there is no ${file} in the bundle`);
    return [file, writeDoor(door.fileName, door.exports)];
  });
  const code = compiledCode(main);
  const files = [...chunks.map(({ fileName }) => fileName), ...doorFiles.map(([, door]) => door)];
  writeIndex(INDEX, { main, loader: LOADER, doors: doorFiles.map(([file, door]) => [stateOf(AGENT, file)[0], door]), madeOf, files, code });
  // An agent that runs meanwhile may still ask for modules of the bundle before this one.
  const asked = new Set(['index.json', LOADER, CODE, ...files, ...(former?.files ?? [])]);
  for (const file of readdirSync(TARGET)) if (!asked.has(file)) rmSync(join(TARGET, file), { force: true });
  const untried = code === undefined ? '; it could not be tried here, and starts later' : '';
  return `hawser: ${chunks.flatMap(({ moduleIds }) => moduleIds).length} modules bundled into ${files.length}${untried}`;
}

async function writeLoader(): Promise<void> {
  const { rolldown } = await import('rolldown');
  await using made = await rolldown({ input: join(PARTS, 'loader.ts'), platform: 'node', plugins: [fromHere] });
  await made.write({ file: join(TARGET, LOADER), format: 'cjs' });
}

/** What an `import` of core from outside of the bundle gets. */
function writeDoor(file: string, names: readonly string[]): string {
  const door = file.replace(/\.cjs$/, '.mjs');
  const lines = [
    "import { createRequire } from 'node:module';",
    `export const { ${names.join(', ')} } = createRequire(import.meta.url)('./${LOADER}').theBundle().load(${JSON.stringify(file)});`,
  ];
  writeFileSync(join(TARGET, door), `${lines.join('\n')}\n`);
  return door;
}

/** Runs the agent of the bundle; undefined where that can't be done here. */
function compiledCode(main: string): Index['code'] {
  const draft = join(TARGET, `${CODE}.${process.pid}`);
  const argv = [join(PARTS, 'recorder.ts'), join(TARGET, LOADER), main, draft];
  // Nothing else of the environment: options of Node.js would change what V8 compiles, and nobody waits for this agent to be ready.
  const env = Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, process.env[name]]));
  const { status } = spawnSync(process.execPath, argv, { env, stdio: 'ignore', timeout: TRIAL_MS });
  try {
    if (status !== 0) return undefined;
    const places = Places.parse(JSON.parse(readFileSync(`${draft}.json`, 'utf8')));
    const { mtimeMs, size } = statSync(draft);
    renameSync(draft, join(TARGET, CODE));
    return { file: CODE, mtimeMs, size, places };
  } finally {
    for (const file of [draft, `${draft}.json`]) rmSync(file, { force: true });
  }
}

const former = readIndex(INDEX);
if (former === undefined || !isFresh(AGENT, former)) {
  const notBundled = (error: unknown): string => `hawser: not bundled, it starts later: ${String(error).split('\n')[0] ?? ''}`;
  console.log(await bundle(former).catch(notBundled));
}
