import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const AGENT = join(import.meta.dirname, '..');
const LAUNCHER = join(AGENT, 'bin', 'hawser.js');
const NO_BUNDLE = 'nothing has been bundled here: rolldown has no build for this platform, or the sources are newer';

/** Says at the end which modules were loaded, but those of packages that others wrote, and which of Node.js. */
const SAY_MODULES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load(url, context, next) { if (url.startsWith('file:') && !url.includes('/node_modules/')) urls.push(url); return next(url, context); } });
  process.on('exit', () => console.log(JSON.stringify([...urls, ...process.moduleLoadList])));
`)}`;

/** Says at the end of how many modules of the bundle V8 took the code that was compiled before. */
const SAY_CODE = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
    const { theBundle } = createRequire(${JSON.stringify(join(AGENT, 'dist', 'bundle', 'index.json'))})('./loader.cjs');
  const count = (refused) => [...theBundle().scripts.values()].filter(({ cachedDataRejected }) => cachedDataRejected === refused).length;
  process.on('exit', () => console.log(count(false) + ' taken, ' + count(true) + ' refused'));
`)}`;

function run(launcher: string, ...argv: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', SAY_MODULES, launcher, ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, out: stdout, err: stderr };
}

const modules = (out: string): readonly string[] => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
const ownOutside = (urls: readonly string[]): readonly string[] => urls.filter((url) => /\/dist\/(?!bundle\/)/.test(url));
const isBundled = modules(run(LAUNCHER, 'version').out).some((url) => url.includes('/dist/bundle/'));

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-bundle-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(!isBundled)(`the agent from its bundle${isBundled ? '' : ` (${NO_BUNDLE})`}`, () => {
  test('loads no module of ours beside the bundle’s', () => {
    const { code, out } = run(LAUNCHER, 'config', 'dump', '--config', join(folder, 'none.toml'));
    expect(ownOutside(modules(out))).toEqual([]);
    expect(code).toBe(2);
  });

  test('reads a config without cryptography, TLS and HTTP', () => {
    const config = join(folder, 'config.toml');
    writeFileSync(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n`);
    const { code, out } = run(LAUNCHER, 'config', 'check', '--config', config);
    expect(code).toBe(0);
    expect(modules(out)).toContain('NativeModule net');
    for (const heavy of ['crypto', 'tls', 'https', 'http2', 'http']) expect(modules(out)).not.toContain(`NativeModule ${heavy}`);
  });

  test('takes what was compiled when it was tried', () => {
    const { status, stdout } = spawnSync(process.execPath, ['--import', SAY_CODE, LAUNCHER, 'config', 'default'], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env['PATH'] },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n\d\d taken, 0 refused\n$/);
  });

  test('a plugin of a package gets the same core, by each of its doors', () => {
    const file = join(folder, 'probe.mjs');
    writeFileSync(
      file,
      `import { definePlugin, defineToken } from '@hawser/core';
       import { Metadata } from '@hawser/core/contracts';
       import '@hawser/core/network';
       import '@hawser/core/client';
       export default definePlugin({
         provides: defineToken()('hawser.probe.v1'), id: 'one', summary: 'a probe', requires: { metadata: Metadata }, start: async () => ({}),
       });`,
    );
    symlinkSync(join(AGENT, '..', '..', 'node_modules'), join(folder, 'node_modules'));
    const config = join(folder, 'config.toml');
    writeFileSync(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\npackages = ["./probe.mjs"]\n`);
    const { code, out, err } = run(LAUNCHER, 'config', 'check', '--config', config);
    expect([code, err]).toEqual([0, '']);
    expect(modules(out)).toContain(pathToFileURL(file).href);
    expect(ownOutside(modules(out))).toEqual([]);
  });
});

describe('a launcher beside a bundle', () => {
  const sign = () => join(folder, 'sign');
  const index = (content: string) => writeFileSync(join(folder, 'dist', 'bundle', 'index.json'), content);
  const loaded = () => run(join(folder, 'bin', 'hawser.js')).out.split('\n')[0];

  beforeEach(() => {
    for (const part of ['bin', 'dist/bundle']) mkdirSync(join(folder, part), { recursive: true });
    copyFileSync(LAUNCHER, join(folder, 'bin', 'hawser.js'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'dist', 'main.js'), 'console.log("as built")');
    writeFileSync(
      join(folder, 'dist', 'bundle', 'loader.cjs'),
      'exports.theBundle = () => ({ load: (file) => console.log("bundled", file) })',
    );
    writeFileSync(sign(), 'one');
    const { mtimeMs, size } = statSync(sign());
    index(JSON.stringify({ main: 'main.cjs', loader: 'loader.cjs', doors: [], madeOf: [['sign', mtimeMs, size]], files: [] }));
  });

  test('loads it while what it was made of is as it was', () => expect(loaded()).toBe('bundled main.cjs'));

  test('loads what was built where that is newer, older, of another size or gone', () => {
    utimesSync(sign(), new Date(), new Date(Date.now() + 1_000));
    expect(loaded()).toBe('as built');
    utimesSync(sign(), new Date(), new Date(0));
    expect(loaded()).toBe('as built');
    rmSync(sign());
    expect(loaded()).toBe('as built');
  });

  test.each(['', '{', 'null', '[]', '{"main":"main.js"}', '{"main":1,"doors":[],"madeOf":[]}'])('or where the index is %j', (content) => {
    index(content);
    expect(existsSync(sign())).toBe(true);
    expect(loaded()).toBe('as built');
  });
});
