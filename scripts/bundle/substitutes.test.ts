import { runInNewContext } from 'node:vm';
import { rolldown, type Plugin } from 'rolldown';
import { expect, test } from 'vitest';
import { givenImport, lateCryptography } from './substitutes.ts';

/** A module as it lies in the bundle. */
async function bundled(code: string, ...plugins: readonly Plugin[]): Promise<string> {
  const source: Plugin = { name: 'source', resolveId: (id) => (id === 'entry' ? id : null), load: (id) => (id === 'entry' ? code : null) };
  await using made = await rolldown({ input: 'entry', platform: 'node', plugins: [source, ...plugins] });
  const { output } = await made.generate({ format: 'cjs' });
  return output[0].code;
}

test('what is wanted of the cryptography is asked for when it is called', async () => {
  const code = await bundled(
    `import { hash, randomBytes as random } from 'node:crypto';
     export const early = seen.length;
     export const all = [hash('md5', 'x'), random(3).length];`,
    lateCryptography,
  );
  const seen: string[] = [];
  const getBuiltinModule = (name: string) => (seen.push(name), process.getBuiltinModule(name));
  const exports: { early?: number; all?: unknown } = {};
  runInNewContext(code, { exports, seen, process: { getBuiltinModule }, require: () => expect.unreachable('it was loaded at once') });
  expect(exports).toMatchObject({ early: 0, all: ['9dd4e461268c8034f5c8564e155c67a6', 3] });
});

test('what is imported later is by the import that the loader gives', async () => {
  const code = await bundled('export const late = async (name) => (await import(name)).default;', givenImport);
  const exports: { late?: (name: string) => Promise<unknown> } = {};
  runInNewContext(code, { exports, import$: async (name: string) => ({ default: `given ${name}` }) });
  expect(await exports.late?.('one')).toBe('given one');
});
