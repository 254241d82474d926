import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { coreVersion } from '../version.ts';
import { API_VERSION } from './compatibility.ts';
import { loadPackages } from './packages.ts';

const SOURCE = "export default { provides: { id: 'acme.thing.v1' }, id: 'one', summary: 'x', start: () => ({}) };";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-packages-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

/** Installs the package `acme`; its code says when it is run. */
async function install(manifest: JsonObject, source = SOURCE): Promise<void> {
  await write('node_modules/acme/package.json', JSON.stringify({ name: 'acme', type: 'module', exports: './main.js', ...manifest }));
  await write('node_modules/acme/main.js', source);
}

const fault = async (manifest: JsonObject): Promise<string> => {
  await install(manifest, 'throw new Error("its code was run");');
  return loadPackages(['acme'], folder).then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
};

describe('a package of plugins', () => {
  it.for<JsonObject>([
    { hawser: { apiVersion: API_VERSION } },
    { peerDependencies: { '@hawser/core': `^${coreVersion}` } },
    { dependencies: { '@hawser/core': 'workspace:*' } },
    { hawser: { apiVersion: API_VERSION }, peerDependencies: { '@hawser/core': '*' } },
  ])('is loaded when it was written for this agent: %j', async (manifest) => {
    await install(manifest);
    expect((await loadPackages(['acme'], folder)).map(({ id }) => id)).toEqual(['one']);
  });

  it('written for another version of the API is refused before its code runs, with both sides named', async () => {
    expect(await fault({ hawser: { apiVersion: 2 } })).toBe(
      "package 'acme' was written for version 2 of the plugin API, but this agent has version 1",
    );
    expect(await fault({ hawser: { apiVersion: 'one' } })).toContain('was written for version "one"');
    expect(await fault({ peerDependencies: { '@hawser/core': '>=90' } })).toBe(
      `package 'acme' wants @hawser/core ">=90", but this agent has ${coreVersion}`,
    );
    expect(await fault({ peerDependencies: { '@hawser/core': 'rubbish' } })).toContain('wants @hawser/core "rubbish"');
  });

  it('that does not say what it was written for is refused; a file beside the config need not', async () => {
    expect(await fault({})).toBe(
      "package 'acme' does not say for which version of the plugin API it was written; this agent has version 1",
    );
    await write('local.mjs', SOURCE);
    expect(await loadPackages(['./local.mjs'], folder)).toHaveLength(1);
  });

  it('with a copy of core of its own is refused: there is one resolved copy', async () => {
    await write('node_modules/acme/node_modules/@hawser/core/package.json', '{"name":"@hawser/core","version":"9.9.9"}');
    const text = await fault({ hawser: { apiVersion: 1 } });
    expect(text).toMatch(
      /^package 'acme' brings @hawser\/core 9\.9\.9 of its own \(.*acme\/node_modules\/@hawser\/core\), beside this agent's /,
    );
  });

  it.for<[what: string, manifest: JsonObject, source: string, remedy: string]>([
    ['says nothing', {}, SOURCE, 'State `"hawser": { "apiVersion": 1 }` in its package.json.'],
    ['is for others', { hawser: { apiVersion: 2 } }, SOURCE, 'Install a version of it that was written for this agent.'],
    ['throws', { hawser: { apiVersion: 1 } }, 'throw new Error("no oil")', 'Correct its code, which throws when it is imported.'],
    ['is none', { hawser: { apiVersion: 1 } }, 'export default 7', 'Export by default what definePlugin returns, or an array of it.'],
  ])('that %s has a remedy of its own', async ([, manifest, source, remedy]) => {
    await install(manifest, source);
    await expect(loadPackages(['acme'], folder)).rejects.toMatchObject({ code: 'plugin.package_invalid', remedy });
  });

  it('at fault is told together with all others', async () => {
    await write('throws.mjs', 'throw new Error("boom")');
    await install({ hawser: { apiVersion: 7 } });
    await expect(loadPackages(['acme', './throws.mjs', 'missing'], folder)).rejects.toMatchObject({
      code: 'plugin.package_invalid',
      message: expect.stringMatching(
        /^3 packages can't be loaded:\n {2}package 'acme' was .*\. Install a version .*\n {2}.*: boom\. Correct .*\n {2}package 'missing' is not .*\. Install/,
      ),
    });
  });
});
