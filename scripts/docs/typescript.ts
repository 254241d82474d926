import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeBlock } from '../markdown.ts';
import { quoted } from './quotes.ts';

const SCRATCH = 'node_modules/.cache/docs';

const COMPILER_OPTIONS = {
  composite: false,
  noEmit: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: false,
};

/**
 * What the compiler says of `ts` blocks against the built packages. Each becomes a module in which its first line has the number that
 * it has in the page. Quotes are compiled where they stand.
 */
export function compileFaults(blocks: readonly CodeBlock[]): readonly string[] {
  const modules = blocks
    .filter((block) => block.language === 'ts' && quoted(block) === undefined)
    .map((block) => ({ block, name: `${block.file.replaceAll('/', '__')}.${block.line}.ts` }));
  if (modules.length === 0) return [];
  rmSync(SCRATCH, { recursive: true, force: true });
  mkdirSync(SCRATCH, { recursive: true });
  for (const { block, name } of modules)
    writeFileSync(join(SCRATCH, name), `${'\n'.repeat(block.line - 1)}${block.lines.join('\n')}\nexport {};\n`);
  writeFileSync(
    join(SCRATCH, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }),
  );
  const { stdout } = spawnSync('tsc', ['-p', SCRATCH, '--pretty', 'false'], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [, name = '', at = '', what = ''] = /([^/]+\.ts)\((\d+),\d+\): (.+)/.exec(line) ?? [];
    const module = modules.find((candidate) => candidate.name === name);
    return module === undefined ? [] : [`${module.block.file}:${at}: ${what}`];
  });
}
