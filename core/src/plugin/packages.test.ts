import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { coreVersion } from '../version.ts';
import { testContext } from '../testing/context.ts';
import { API_VERSION } from './compatibility.ts';
import { pluginErrors } from './errors.ts';
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

  it('that is there without an entry of this name is not told as missing', async () => {
    await install({ exports: { './mode': './main.js' }, hawser: { apiVersion: 1 } });
    await expect(loadPackages(['acme'], folder)).rejects.toMatchObject({
      message: `package 'acme' is in ${join(folder, 'node_modules/acme')}, but has no entry of this name`,
      remedy: 'Name an entry that its package.json has under `exports`, or install it anew.',
    });
    expect(await loadPackages(['acme/mode'], folder)).toHaveLength(1);
  });

  it('at fault is told together with all others', async () => {
    await write('throws.mjs', 'throw new Error("boom")');
    await install({ hawser: { apiVersion: 7 } });
    await expect(loadPackages(['acme', './throws.mjs', 'missing'], folder)).rejects.toMatchObject({
      code: 'plugin.package_invalid',
      message: expect.stringMatching(
        /^3 packages can't be loaded:\n {2}package 'acme' was .*\. Install a version .*\n {2}.*: boom \(.*throws\.mjs:1\)\. Correct .*\n {2}package 'missing' is not .*\. Install/,
      ),
    });
  });
});

describe('a module that is no sound plugin', () => {
  const refusal = async (source: string, file = 'thing.js'): Promise<string> => {
    await write('package.json', '{ "type": "module" }');
    await write(file, source);
    const error = await loadPackages([`./${file}`], folder).catch((thrown: unknown) => thrown);
    return pluginErrors.packageInvalid.is(error) ? error.message.replaceAll(folder, '') : 'none';
  };

  it.for([
    ['export const plugin = {};', 'nothing'],
    ['export default null;', 'null'],
    ['export default () => ({});', 'a function'],
    ['export default Promise.resolve({});', 'a promise'],
    ['export default [];', 'an empty list'],
    ['export default [{}];', 'an object'],
  ] as const)('is told by what it exports instead: %s', async ([source, instead]) => {
    expect(await refusal(source)).toBe(`package './thing.js' has no plugin as its default export, but ${instead}`);
  });

  it('is told all that is wrong with its definition, each with its key', async () => {
    const source = `export default {
      provides: { id: 'acme.thing.v1' }, id: 'one', require: {}, requires: { host: undefined, ipam: 'hawser.ipam.v1', log: { id: 'x.v1' } },
      config: { interval: 'string', safeParse() {} }, startDeadlineMs: '10s', stopDeadlineMs: NaN, stability: 'gamma', enabled: 'config',
      topics: [{ topic: 'x' }], configVersion: '2', start: {},
    };`;
    expect((await refusal(source)).split(/: (.*)/s)[1]?.split('; ')).toEqual([
      "'stability' is none of 'stable', 'beta', 'alpha', 'deprecated' (plugin 'one')",
      "'summary' is missing (plugin 'one')",
      "'config' is no schema of zod 4 (plugin 'one')",
      "'configVersion' is no integer (plugin 'one')",
      "'enabled' is none of 'always', 'configured' (plugin 'one')",
      "'topics' is no list of what defineTopic makes (plugin 'one')",
      "'startDeadlineMs' is no number of milliseconds (plugin 'one')",
      "'stopDeadlineMs' is no number of milliseconds (plugin 'one')",
      "'start' is no function (plugin 'one')",
      "'requires.host' is undefined: nothing of the name that it was to be is exported (plugin 'one')",
      "'requires.ipam' is no token, such as defineToken makes (plugin 'one')",
      "'requires.log' is no token, such as defineToken makes (plugin 'one')",
      "'require' is no key of a definition",
      "did you mean 'requires'? (plugin 'one')",
    ]);
  });

  it.for([
    ['\nthrow new Error("kaboom");', 'kaboom (/thing.js:2)'],
    ['throw null;', 'null'],
  ] as const)('is told where its import fails: %s', async ([source, place]) => {
    expect(await refusal(source)).toBe(`package './thing.js' can't be loaded: ${place}`);
  });

  it('is told by its path where there is no such file', async () => {
    for (const name of ['./none.js', join(folder, 'none.js')]) {
      const message = `package '${name}' is no file beside the configuration (${join(folder, 'none.js')})`;
      await expect(loadPackages([name], folder)).rejects.toMatchObject({ message, remedy: 'Correct its path.' });
    }
  });

  it('is loaded where TypeScript has made a CommonJS module of it', async () => {
    const source = SOURCE.replace('export default', "Object.defineProperty(exports, '__esModule', { value: true }); exports.default =");
    await write('thing.cjs', source);
    expect((await loadPackages(['./thing.cjs'], folder)).map(({ id }) => id)).toEqual(['one']);
  });

  it('that waits for what never comes is given up, and keeps its process alive until then', async () => {
    await write('thing.mjs', 'await new Promise(() => {});');
    const { clock } = testContext();
    const message = "package './thing.mjs' can't be loaded: its import did not end within 10 s";
    await expect(clock.runUntil(loadPackages(['./thing.mjs'], folder, clock))).rejects.toMatchObject({ message });
  });
});
