import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const HERE = import.meta.dirname;
const COUNT = 120;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-assembly-'));
  const compilerOptions = {
    noEmit: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    composite: false,
    declaration: false,
    declarationMap: false,
  };
  const base = resolve(HERE, '../../../tsconfig.base.json');
  const typeRoots = [resolve(HERE, '../../../node_modules/@types')];
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: base, compilerOptions: { ...compilerOptions, typeRoots }, files: ['main.mts'] }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** An assembly in which each plugin requires the three before it, without the one whose index is left out. */
function source(leftOut?: number): string {
  const lines = ['assemble', 'definition', 'token'].map((file) => `import * as ${file} from ${JSON.stringify(join(HERE, `${file}.ts`))};`);
  for (let index = 0; index < COUNT; index++) {
    const before = [index - 1, index - 2, index - 3].filter((other) => other >= 0);
    const names = before.map((other) => `r${other}`);
    lines.push(`const T${index} = token.defineToken<{ n${index}: number }>()('scale.t${index}.v1');`);
    const requires = before.map((other) => `r${other}: T${other}`).join(', ');
    const sum = ['0', ...before.map((other) => `r${other}.n${other}`)].join(' + ');
    lines.push(
      `const p${index} = definition.definePlugin({ provides: T${index}, id: 'p${index}', summary: 's', requires: { ${requires} }, start: ({ ${names.join(', ')} }) => ({ n${index}: ${sum} }) });`,
    );
  }
  const all = Array.from({ length: COUNT }, (_, index) => index).filter((index) => index !== leftOut);
  return [
    ...lines,
    `export const set = assemble.assemble([${all.map((index) => `p${index}`).join(', ')}]);`,
    leftOut === undefined ? '' : `void p${leftOut};`,
  ].join('\n');
}

async function compile(text: string): Promise<{ output: string; checkMs: number }> {
  await writeFile(join(folder, 'main.mts'), text);
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  const output = await new Promise<string>((done) => {
    execFile(process.execPath, [tsc, '-p', folder, '--extendedDiagnostics'], { maxBuffer: 1 << 24 }, (_, stdout) => done(stdout));
  });
  const seconds = /^Check time:\s*([\d.]+)s$/m.exec(output)?.[1];
  return { output, checkMs: Number(seconds) * 1000 };
}

describe(`an assembly of ${COUNT} plugins with three requirements each`, () => {
  it('compiles, fast', async () => {
    const { output, checkMs } = await compile(source());
    expect(output).not.toContain('error TS');
    // 0.15 s where this was written; the bound leaves room for a busy one and none for quadratic types.
    expect(checkMs).toBeLessThan(5000);
  });

  it('names each plugin that misses one left out, and no other', async () => {
    const { output } = await compile(source(60));
    const named = [...output.matchAll(/is not assignable to type '"(plugin '[^"]*)"'\.$/gm)].map(([, sentence]) => sentence);
    expect(named).toEqual([61, 62, 63].map((index) => `plugin 'p${index}' requires 'scale.t60.v1', which no plugin in this set provides`));
  });
});
