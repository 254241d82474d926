import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Code } from './index-file.ts';
import { Bundle } from './loader.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-loader-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const call = (exported: unknown): unknown => (typeof exported === 'function' ? exported() : expect.unreachable('it is no function'));
const put = (file: string, code: string): void => writeFileSync(join(folder, file), code);

test('a module is loaded once, and those that ask for each other get what is there', () => {
  put('one.cjs', `exports.first = 1; exports.two = require('./two.cjs'); exports.last = exports.two.seen;`);
  put('two.cjs', `exports.seen = Object.keys(require('./one.cjs'));`);
  const bundle = new Bundle(folder);
  expect(bundle.load('one.cjs')).toMatchObject({ first: 1, last: ['first'] });
  expect(bundle.load('one.cjs')).toBe(bundle.load('one.cjs'));
});

test('it is strict, knows its place, and gets what is of Node.js and of packages', async () => {
  put(
    'one.cjs',
    `exports.self = (function () { return this; })(); exports.at = __filename; exports.fs = require('node:fs'); exports.late = () => import$('node:os');`,
  );
  const one = new Bundle(folder).load('one.cjs');
  expect(one).toMatchObject({ self: undefined, at: join(folder, 'one.cjs'), fs: process.getBuiltinModule('node:fs') });
  expect(await call(one['late'])).toHaveProperty('tmpdir');
});

test('one that failed is loaded again when it is asked for again', () => {
  put(
    'one.cjs',
    `globalThis.hwtLoads = (globalThis.hwtLoads ?? 0) + 1; if (globalThis.hwtLoads === 1) throw new Error('not yet'); exports.loads = globalThis.hwtLoads;`,
  );
  const bundle = new Bundle(folder);
  expect(() => bundle.load('one.cjs')).toThrow('not yet');
  expect(bundle.load('one.cjs')).toEqual({ loads: 2 });
});

describe('compiled code', () => {
  const SOURCE = 'exports.answer = () => 42;';
  const file = 'code';
  const path = () => join(folder, file);

  function written(): Code {
    put('one.cjs', SOURCE);
    const bundle = new Bundle(folder);
    call(bundle.load('one.cjs')['answer']);
    const code = bundle.scripts.get('one.cjs')?.createCachedData() ?? Buffer.alloc(0);
    writeFileSync(path(), code);
    const { mtimeMs, size } = statSync(path());
    return { file, mtimeMs, size, places: [['one.cjs', 0, code.length]] };
  }

  function rejected(code: Code): boolean | undefined {
    const bundle = new Bundle(folder, code);
    expect(call(bundle.load('one.cjs')['answer'])).toBe(42);
    return bundle.scripts.get('one.cjs')?.cachedDataRejected;
  }

  test('is taken', () => expect(rejected(written())).toBe(false));

  test('is left where its file is gone, of another time or of another size', () => {
    const code = written();
    expect(rejected({ ...code, size: 1 })).toBeUndefined();
    utimesSync(path(), new Date(), new Date(0));
    expect(rejected(code)).toBeUndefined();
    rmSync(path());
    expect(rejected(code)).toBeUndefined();
  });

  test('is left where it can not be read', () => {
    const { places } = written();
    rmSync(path());
    mkdirSync(path());
    const { mtimeMs, size } = statSync(path());
    expect(rejected({ file, mtimeMs, size, places })).toBeUndefined();
  });

  test('is refused by V8 where it is of other code', () => {
    const code = written();
    put('one.cjs', `${SOURCE} // longer`);
    expect(rejected(code)).toBe(true);
  });
});
