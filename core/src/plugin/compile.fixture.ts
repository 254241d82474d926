import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Where packages are found by their names, one copy of each. */
const CACHE = join(ROOT, 'node_modules/.cache');

/** What the compiler says of modules that are written for a test. */
export interface Compiled {
  /** Module → its errors, each with its whole explanation; no entry where there is none. */
  readonly errors: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds that checking took. */
  readonly checkMs: number;
  /** All that it printed. */
  readonly output: string;
}

/** Compiles modules by name as an author's are, with this repository's options. All in one go: the compiler's start is what costs. */
export async function compile(modules: Readonly<Record<string, string>>): Promise<Compiled> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'compile-'));
  try {
    await mkdir(join(folder, 'src'));
    for (const [name, text] of Object.entries(modules)) await writeFile(join(folder, 'src', `${name}.mts`), text);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
    return read(await tsc(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const CONFIG = {
  extends: join(ROOT, 'tsconfig.base.json'),
  compilerOptions: {
    noEmit: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    composite: false,
    declaration: false,
    declarationMap: false,
    noUnusedLocals: false,
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
  include: ['src'],
};

function tsc(folder: string): Promise<string> {
  const script = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  const words = ['-p', folder, '--extendedDiagnostics', '--pretty', 'false'];
  return new Promise((done) => {
    execFile(process.execPath, [script, ...words], { maxBuffer: 1 << 24, cwd: folder, timeout: 100_000 }, (_error, stdout) => done(stdout));
  });
}

function read(output: string): Compiled {
  const errors: Record<string, string[]> = {};
  let last: string[] | undefined;
  for (const line of output.split('\n')) {
    const [, name, text] = /^src\/(\S+)\.mts\(\d+,\d+\): error TS\d+: (.*)$/.exec(line) ?? [];
    if (name !== undefined && text !== undefined) (last = errors[name] ??= []).push(text);
    else if (line.startsWith(' ') && last !== undefined) last.push(`${last.pop() ?? ''}\n${line.trim()}`);
    else last = undefined;
  }
  return { errors, output, checkMs: Number(/^Check time:\s*([\d.]+)s$/m.exec(output)?.[1]) * 1_000 };
}
