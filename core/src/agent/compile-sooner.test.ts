import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Whether V8 has made fast code of a function after so many calls. */
function isFastAfter(calls: number, { sooner }: { readonly sooner: boolean }): boolean {
  const script = `
    const { compileSooner } = await import(${JSON.stringify(join(import.meta.dirname, 'compile-sooner.ts'))});
    if (${sooner}) compileSooner();
    const longEnough = (text) => Array.from(text).map((letter) => letter.codePointAt(0) + 1).filter((code) => code % 2 === 0).join(' ');
    for (let call = 0; call < ${calls}; call++) {
      longEnough('some text ' + call);
      await new Promise(setImmediate);
    }
    for (let wait = 0; wait < 100 && !%ActiveTierIsMaglev(longEnough); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (${sooner}) longEnough('once more');
    }
    console.log(%ActiveTierIsMaglev(longEnough));`;
  const argv = ['--allow-natives-syntax', '--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 })) as boolean;
}

test('what was called some dozens of times is fast, for which V8 takes hundreds by itself', () => {
  expect(isFastAfter(120, { sooner: false })).toBe(false);
  expect(isFastAfter(120, { sooner: true })).toBe(true);
});
