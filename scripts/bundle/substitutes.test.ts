import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { takePlainly } from './substitutes.ts';

const fs = 'process.getBuiltinModule("node:fs")';

test.each([
  ['import { a } from "node:fs";', `const { a } = ${fs};`],
  ['import { a, b as c$1 } from "node:fs";', `const { a, b: c$1 } = ${fs};`],
  ['import fs from "node:fs";', `const fs = ${fs};`],
  ['import fs, { a } from "node:fs";', `const fs = ${fs}; const { a } = ${fs};`],
  ['import * as fs from "node:fs";', `const fs = ${fs};`],
  ['import { a } from "node:fs/promises";', 'const { a } = process.getBuiltinModule("node:fs/promises");'],
  ['import { a } from "./fs.js";', 'import { a } from "./fs.js";'],
  ['import "node:fs";', 'import "node:fs";'],
  ['const text = `import { a } from "node:fs";`;', 'const text = `import { a } from "node:fs";`;'],
])('%s is %s', (code, plain) => expect(takePlainly(`first;\n${code}\nlast;`)).toBe(`first;\n${plain}\nlast;`));

test('what is wanted of the cryptography is asked for when it is called', () => {
  const code = takePlainly('import { hash, randomBytes as random } from "node:crypto";');
  expect(runInNewContext(`${code} [hash('md5', 'x'), hash('md5', 'y') === hash('md5', 'x'), random(3).length].join()`, { process })).toBe(
    '9dd4e461268c8034f5c8564e155c67a6,false,3',
  );
});
