#!/usr/bin/env node
// Runs on any Node.js, however old: it finds one that is new enough and hands over to it.
// No syntax and no library here that Node.js 14 lacks.
import { spawn } from 'child_process';
import { existsSync, readFileSync, statSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

const here = dirname(fileURLToPath(import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);

/** The `node` of the npm package, the version that this project is made with: the nearest one upward from here. */
function packagedNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The same words on another Node.js; what it is told and how it ends goes through. */
function handOver(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT'];
  // A terminal sends SIGINT to the whole group; the child has it already then, and decides.
  signals.forEach((signal) => process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal))));
  child.on('error', (error) => fail(`can't start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) return process.exit(code);
    signals.forEach((name) => process.removeAllListeners(name));
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`hawser: ${message}\n`);
  process.exit(2);
}

/** zod brings its sentences in sixty languages, an eighth of all modules of an agent; nobody here asks for any but English. */
function withoutLocales(specifier, context, next) {
  const isLocale = /^\.\/[a-z-]+\.js$/i.test(specifier) && (context.parentURL || '').endsWith('/zod/v4/locales/index.js');
  if (!isLocale || specifier === './en.js') return next(specifier, context);
  return { url: 'data:text/javascript,export default () => ({})', format: 'module', shortCircuit: true };
}

/** What scripts/bundle.ts has made, while what it was made of is what is there. */
function findBundle() {
  const folder = join(here, '..', 'dist', 'bundle');
  const isAsItWas = ([path, mtimeMs, size]) => {
    const now = statSync(join(here, '..', path));
    return now.mtimeMs === mtimeMs && now.size === size;
  };
  try {
    const { main, loader, doors, madeOf, code } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
    if (!madeOf.every(isAsItWas)) return undefined;
    return { main, loader: join(folder, loader), doors: doors.map(([path, door]) => [join(here, '..', path), join(folder, door)]), code };
  } catch {
    return undefined;
  }
}

/** Who asks for core from outside of the bundle, as a plugin of a package of its own, gets the one within. */
function throughDoors({ doors }) {
  const within = new Map(doors.map((pair) => pair.map((path) => pathToFileURL(path).href)));
  return (specifier, context, next) => {
    const found = next(specifier, context);
    const url = within.get(found.url);
    return url === undefined ? found : { url, format: 'module', shortCircuit: true };
  };
}

async function run() {
  // A reload that comes before the config was read has come to pass; a signal that nobody hears would end the process.
  if (process.argv.includes('run')) process.on('SIGHUP', () => undefined);
  const main = join(here, '..', 'dist', 'main.js');
  if (!existsSync(main)) return fail('it has not been built: run `npm run build` first.');
  const module = await import('module');
  // What a call leaves behind is garbage at once. V8 would let it fill 32 MB and more before it looks; an agent that sits
  // on every node makes do with the two that it starts with.
  const v8 = await import('v8');
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  const bundle = module.registerHooks === undefined ? undefined : findBundle();
  if (module.registerHooks !== undefined) module.registerHooks({ resolve: bundle === undefined ? withoutLocales : throughDoors(bundle) });
  // Beside the code, not in the temporary folder where others could put theirs. Where it can't be written, nothing happens.
  if (module.enableCompileCache !== undefined) module.enableCompileCache(join(here, '..', 'dist', '.compile-cache'));
  if (bundle === undefined) await import(pathToFileURL(main).href);
  else
    module
      .createRequire(import.meta.url)(bundle.loader)
      .theBundle(bundle.code)
      .load(bundle.main);
}

const other = major < 26 ? packagedNode() : undefined;
if (other !== undefined) handOver(other);
else if (major < 22 || (major === 22 && minor < 12)) {
  fail(
    `it needs Node.js 22.12 or newer, and this is ${process.versions.node}: install a newer one, or run \`npm ci\` here, which brings one.`,
  );
} else run();
