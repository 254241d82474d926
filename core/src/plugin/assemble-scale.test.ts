import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from './compile.fixture.ts';

const HERE = import.meta.dirname;
const COUNT = 120;

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

describe(`an assembly of ${COUNT} plugins with three requirements each`, () => {
  it('compiles, fast', async () => {
    const { output, checkMs } = await compile({ main: source() });
    expect(output).not.toContain('error TS');
    // 0.15 s where this was written; the bound leaves room for a busy one and none for quadratic types.
    expect(checkMs).toBeLessThan(5000);
  });

  it('names each plugin that misses one left out, and no other', async () => {
    const { output } = await compile({ main: source(60) });
    const named = [...output.matchAll(/is not assignable to type '"(plugin '[^"]*)"'\.$/gm)].map(([, sentence]) => sentence);
    expect(named).toEqual([61, 62, 63].map((index) => `plugin 'p${index}' requires 'scale.t60.v1', which no plugin in this set provides`));
  });
});
