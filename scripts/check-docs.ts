/**
 * Holds the README and docs to the code: `ts` blocks are compiled against the built packages, blocks that quote a file say
 * what it says, `sh` blocks may only name commands that exist, links may only lead to files that exist.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type CodeBlock, codeBlocks, fileLinks } from './markdown.ts';
import { pages, textOf } from './pages.ts';
import { quoted, quoteFaults } from './quotes.ts';

const SCRATCH = 'node_modules/.cache/docs';
/** Subcommands by command, as its help names them. */
const known = new Map<string, readonly string[]>();
const HAWSER = 'examples/agent/bin/hawser.js';
const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(readFileSync('package.json', 'utf8')));

const files = pages();
const blocks = files.flatMap((file) => [...codeBlocks(file)]);
const faults = [
  ...compileFaults(),
  ...files.flatMap((file) => quoteFaults(file, textOf)),
  ...blocks.flatMap((block) => [...commandFaults(block)]),
  ...files.flatMap((file) => [...linkFaults(file)]),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Each block becomes a module in which its first line has the number that it has in the page. Quotes are compiled where they stand. */
function compileFaults(): readonly string[] {
  const modules = blocks
    .filter((block) => block.language === 'ts' && quoted(block) === undefined)
    .map((block) => ({ block, name: `${block.file.replaceAll('/', '__')}.${block.line}.ts` }));
  if (modules.length === 0) return [];
  rmSync(SCRATCH, { recursive: true, force: true });
  mkdirSync(SCRATCH, { recursive: true });
  for (const { block, name } of modules)
    writeFileSync(join(SCRATCH, name), `${'\n'.repeat(block.line - 1)}${block.lines.join('\n')}\nexport {};\n`);
  const compilerOptions = {
    composite: false,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
  };
  writeFileSync(
    join(SCRATCH, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }),
  );
  const { stdout } = spawnSync('tsc', ['-p', SCRATCH, '--pretty', 'false'], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [, name = '', at = '', what = ''] = /([^/]+\.ts)\((\d+),\d+\): (.+)/.exec(line) ?? [];
    const module = modules.find((candidate) => candidate.name === name);
    return module === undefined ? [] : [`${module.block.file}:${at}: ${what}`];
  });
}

function* commandFaults(block: CodeBlock): Generator<string> {
  if (!['sh', 'bash', 'console', 'shell'].includes(block.language)) return;
  for (const [index, text] of block.lines.entries()) {
    const words = text
      .replace(/^\s*[$#] /, '')
      .replace(/\s#.*$/, '')
      .trim()
      .split(/\s+/);
    const fault = commandFault(words[0] === 'sudo' ? words.slice(1) : words);
    if (fault !== undefined) yield `${block.file}:${block.line + index}: ${fault}`;
  }
}

function commandFault([program, ...args]: readonly string[]): string | undefined {
  if (program === 'npm') return scriptFault(args);
  if (program === 'npx' && args[0] === 'hawser') return hawserFault(args.slice(1));
  return program === 'hawser' ? hawserFault(args) : undefined;
}

function scriptFault([verb = '', name = '']: readonly string[]): string | undefined {
  const script = verb === 'run' ? name : ['start', 'test'].includes(verb) ? verb : undefined;
  return script === undefined || script in scripts ? undefined : `package.json has no script '${script}'`;
}

/** Follows the words of a command line through the command's own help. */
function hawserFault(args: readonly string[]): string | undefined {
  const path: string[] = [];
  for (const word of args) {
    const commands = subcommands(path);
    if (commands.length === 0 || word.startsWith('-')) return undefined;
    if (!commands.includes(word)) return `${['hawser', ...path].join(' ')} has no command '${word}'`;
    path.push(word);
  }
  return undefined;
}

function subcommands(path: readonly string[]): readonly string[] {
  const key = path.join(' ');
  const names = known.get(key) ?? readHelp(path);
  known.set(key, names);
  return names;
}

function readHelp(path: readonly string[]): readonly string[] {
  const help = execFileSync('node', [HAWSER, ...path, '--help'], { encoding: 'utf8', timeout: 30_000 });
  const section = /^Commands:\n((?: .*\n?|\n)*)/m.exec(help)?.[1] ?? '';
  return [...section.matchAll(/^ {2}([a-z][\w|-]*)/gm)].flatMap(([, names = '']) => names.split('|'));
}

function* linkFaults(file: string): Generator<string> {
  for (const [line, target] of fileLinks(readFileSync(file, 'utf8'))) {
    if (!existsSync(join(dirname(file), target))) yield `${file}:${line}: there is no ${target}`;
  }
}
