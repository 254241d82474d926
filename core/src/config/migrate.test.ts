import { chmod, cp, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { seededRandom } from '../context/index.ts';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { diffConfigs } from './diff.ts';
import { dumpConfig } from './dump.ts';
import { loadConfig } from './load.ts';
import { migrateConfig } from './migrate-files.ts';
import { writeMigrations } from './write-files.ts';

// A core that has had two versions before.
vi.mock(import('./core-history.ts'), () => ({
  CONFIG_VERSION: 3 as 1,
  coreHistory: {
    current: 3,
    migrations: {
      1: ({ folder, ...table }) => ({ ...table, ...(folder === undefined ? {} : { home: folder }) }),
      2: ({ home, ...table }) => ({ ...table, ...(home === undefined ? {} : { root: home }) }),
    },
  },
}));

const Mode = defineToken<object>()('acme.mode.v1');
const wire = definePlugin({
  provides: Mode,
  id: 'wire',
  summary: 'A mode that has changed twice.',
  enabled: 'configured',
  config: z.strictObject({
    mtu: z.int().optional(),
    peers: z.array(z.strictObject({ address: z.string() })).default([]),
    log_level: z.enum(['info', 'debug']).default('info'),
    colour: z.record(z.string(), z.string()).default({}),
  }),
  configVersion: 3,
  configMigrations: {
    1: ({ mtu_bytes: mtu, ...table }) => ({ ...table, ...(mtu === undefined ? {} : { mtu }) }),
    2: (table) => {
      const { verbose, peers } = table;
      if (verbose !== undefined) table['log_level'] = verbose === true ? 'debug' : 'info';
      delete table['verbose'];
      if (Array.isArray(peers)) table['peers'] = peers.map((address: unknown) => ({ address: String(address) }));
      return table;
    },
  },
  start: () => ({}),
});
const broken = definePlugin({
  provides: Mode,
  id: 'broken',
  summary: 'Its migrations fail.',
  enabled: 'configured',
  config: z.strictObject({}),
  configVersion: 4,
  configMigrations: {
    2: () => {
      throw new Error('boom');
    },
    3: () => JSON.parse('[]'),
  },
  start: () => ({}),
});
const PLUGINS = [wire, broken];
const URI = 'acme.mode.v1.wire';
const FIXTURES = join(import.meta.dirname, 'fixtures');

let base = '';
let folder = '';
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'hawser-migrate-'));
});
afterAll(() => rm(base, { recursive: true }));
beforeEach(async () => {
  folder = join(base, String(count++));
  await cp(FIXTURES, folder, { recursive: true });
});

const options = (file: string) => ({ file: join(folder, file), plugins: PLUGINS, missingOk: false, environment: {} });
const load = (file: string) => loadConfig(options(file));
const migrate = (file: string) => migrateConfig(options(file));
const failure = (work: Promise<unknown>): Promise<HawserError> =>
  work.then(
    () => expect.fail('it should fail'),
    (error: unknown) => toHawserError(error),
  );
async function loadText(text: string) {
  await writeFile(join(folder, 'c.toml'), text);
  return await load('c.toml');
}

describe('a config of an older version', () => {
  it('is migrated in memory, step by step, core and plugins each by their own versions, with a warning for each', async () => {
    const config = await load('v1.toml');
    expect(config).toMatchObject({ version: 3, root: '/srv/hawser' });
    expect(config.plugins.settings.get(URI)).toEqual({
      mtu: 1400,
      peers: [{ address: '10.0.0.1' }, { address: '10.0.0.2' }],
      log_level: 'debug',
      colour: { inner: 'blue' },
    });
    const key = `plugins."${URI}".config_version`;
    const message = "is 1, and was read as today's 3";
    expect(config.warnings.map(({ file, line, key, message }) => ({ file, line, key, message }))).toEqual([
      { file: join(folder, 'v1.toml'), line: 2, key: 'version', message },
      { file: join(folder, 'conf.d/site.toml'), key: 'version', message },
      { file: join(folder, 'v1.toml'), line: 7, key, message },
      { file: join(folder, 'conf.d/site.toml'), line: 2, key, message },
    ]);
    expect(config.warnings[0]?.remedy).toBe('Run `hawser config migrate --write`, which keeps comments.');
  });

  it('knows where its values stand, under their new names too', async () => {
    const { origins } = await load('v1.toml');
    const [main, site] = [join(folder, 'v1.toml'), join(folder, 'conf.d/site.toml')];
    expect(origins.get('root')).toEqual({ file: main, line: 3 });
    expect(origins.get(`plugins."${URI}".mtu`)).toEqual({ file: site, line: 2 });
    expect(origins.get(`plugins."${URI}".peers[1].address`)).toEqual({ file: main, line: 12 });
    expect(origins.get(`plugins."${URI}".log_level`)).toEqual({ file: main, line: 7 });
    expect(origins.has('folder')).toBe(false);
  });

  it('has its faults told at the lines of the file', async () => {
    const { details } = await failure(loadText(`[plugins."${URI}"]\n\nmtu_bytes = "big"\n`));
    expect(details['faults']).toEqual([
      {
        file: join(folder, 'c.toml'),
        line: 3,
        key: `plugins."${URI}".mtu`,
        message: 'expected a number, not "big" (after the migration of its table from version 1)',
      },
    ]);
  });

  it('means the same as one of today', async () => {
    await writeFile(join(folder, 'conf.d/site.toml'), '');
    expect(diffConfigs(await load('v1.toml'), await load('v3.toml'))).toEqual({ core: [], plugins: [] });
  });

  it('is dumped with the versions of today, and that loads again without a warning', async () => {
    const old = await load('v1.toml');
    const { toml } = dumpConfig(old);
    expect(toml).toContain('version = 3');
    expect(toml).toContain('config_version = 3');
    const again = await loadText(toml);
    expect(again.warnings).toEqual([]);
    expect(diffConfigs(old, again)).toEqual({ core: [], plugins: [] });
  });
});

describe('the version of a file', () => {
  it('that says none is that of the file that imports it', async () => {
    await writeFile(join(folder, 'conf.d/site.toml'), `root = "/site"\n[plugins."${URI}"]\nmtu = 1400`);
    const config = await load('v3.toml');
    expect([config.root, config.warnings]).toEqual(['/site', []]);
    await writeFile(join(folder, 'conf.d/site.toml'), 'version = 2\nhome = "/two"');
    expect(await load('v3.toml')).toMatchObject({ root: '/two', warnings: [{ line: 1, message: "is 2, and was read as today's 3" }] });
  });

  it.each([
    ['version = 4\nwhatever = 1', 'c.toml:1 version 4 is newer than this agent knows (3); run a newer agent'],
    ['version = 0', 'c.toml:1 version too small: expected number to be >=1'],
    [
      `version = 3\n[plugins."${URI}"]\nconfig_version = 4\nnew = 1`,
      `c.toml:3 plugins."${URI}".config_version 4 is newer than this agent knows (3); run a newer agent`,
    ],
    [`version = 3\n[plugins."${URI}"]\nconfig_version = "x"`, `c.toml:3 plugins."${URI}".config_version expected an integer from 1`],
    [
      'version = 3\n\n[plugins."acme.mode.v1.broken"]\n',
      'c.toml:3 plugins."acme.mode.v1.broken".config_version 1 is older than this agent can read; migrate the file with an earlier release first',
    ],
    [
      'version = 3\n[plugins."acme.mode.v1.broken"]\nconfig_version = 2',
      'c.toml:3 plugins."acme.mode.v1.broken".config_version 2 can\'t be migrated to 4: the step from 2 failed: boom',
    ],
    [
      'version = 3\n[plugins."acme.mode.v1.broken"]\nconfig_version = 3',
      'c.toml:3 plugins."acme.mode.v1.broken".config_version 3 can\'t be migrated to 4: the step from 3 failed: it made no table',
    ],
    [
      `version = 3\n[plugins."${URI}"]\nconfig_version = 2\npeers = ["a"]\nhue = 1`,
      `c.toml:5 plugins."${URI}".hue is unknown; known here: colour, log_level, mtu, peers (after the migration of its table from version 2)`,
    ],
  ])('is refused where it is newer, none, or has no way to today: %j', async (text, expected) => {
    const { details } = await failure(loadText(text));
    const told = (details['faults'] as { file: string; line: number; key: string; message: string }[]).map(
      ({ file, line, key, message }) => `${file.split('/').at(-1)}:${line} ${key} ${message}`,
    );
    expect(told).toEqual([expected]);
  });
});

describe('config migrate', () => {
  it('edits each old file in place and keeps its comments, as the stored fixture has it', async () => {
    const migrations = await migrate('v1.toml');
    expect(migrations.map(({ file, commentsKept }) => [file.slice(folder.length + 1), commentsKept])).toEqual([
      ['v1.toml', true],
      ['conf.d/site.toml', true],
    ]);
    expect(migrations[0]?.raised).toEqual([
      { key: 'version', from: 1, to: 3 },
      { key: `plugins."${URI}".config_version`, from: 1, to: 3 },
    ]);
    expect(migrations[0]?.after).toBe(await readFile(join(FIXTURES, 'v3.toml'), 'utf8'));
    expect(migrations[1]?.after).toContain('# What this site adds.\n');
    expect(migrations[1]?.after).toMatch(/wire"\.mtu += 1400 # wifi\n/);
    expect(await readFile(join(folder, 'v1.toml'), 'utf8')).toBe(await readFile(join(FIXTURES, 'v1.toml'), 'utf8'));
  });

  it('has nothing to do a second time, and what it wrote means what the old files meant', async () => {
    const before = await load('v1.toml');
    await writeMigrations(await migrate('v1.toml'), seededRandom(1));
    const after = await load('v1.toml');
    expect(after.warnings).toEqual([]);
    expect(diffConfigs(before, after)).toEqual({ core: [], plugins: [] });
    expect(await migrate('v1.toml')).toEqual([]);
  });

  it('keeps mode and symbolic links, and leaves nothing beside the files', async () => {
    await chmod(join(folder, 'v1.toml'), 0o640);
    await symlink('v1.toml', join(folder, 'link.toml'));
    await writeMigrations(await migrate('link.toml'), seededRandom(1));
    expect((await lstat(join(folder, 'link.toml'))).isSymbolicLink()).toBe(true);
    expect((await stat(join(folder, 'v1.toml'))).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).sort()).toEqual(['conf.d', 'link.toml', 'v1.toml', 'v3.toml']);
    expect((await load('link.toml')).warnings).toEqual([]);
  });

  it('writes nothing when one of the files can not be written or has been changed meanwhile', async () => {
    const migrations = await migrate('v1.toml');
    await writeFile(join(folder, 'conf.d/site.toml'), '# somebody was here');
    expect(await failure(writeMigrations(migrations, seededRandom(1)))).toMatchObject({ code: 'config.changed_meanwhile' });
    await rm(join(folder, 'conf.d'), { recursive: true });
    expect(await failure(writeMigrations(migrations, seededRandom(1)))).toMatchObject({
      code: 'config.unwritable',
      message: expect.stringContaining('nothing was written'),
    });
    expect(await readFile(join(folder, 'v1.toml'), 'utf8')).toBe(await readFile(join(FIXTURES, 'v1.toml'), 'utf8'));
    expect((await readdir(folder)).sort()).toEqual(['v1.toml', 'v3.toml']);
  });

  it('refuses what it can not read', async () => {
    await writeFile(join(folder, 'c.toml'), 'version = 1\nfolder = = 1');
    expect(await failure(migrate('c.toml'))).toMatchObject({ code: 'config.invalid' });
    await writeFile(join(folder, 'c.toml'), `version = 3\n[plugins."${URI}"]\nconfig_version = 9`);
    expect(await failure(migrate('c.toml'))).toMatchObject({ code: 'config.invalid', message: expect.stringContaining('is newer') });
  });

  it.each([
    ['a table on one line', `plugins = { "${URI}" = { mtu_bytes = 1, verbose = false } }\n`],
    ['dotted keys', `plugins."${URI}".mtu_bytes = 1\nplugins."${URI}".verbose = false\n# end\n`],
    ['a table in two places', `[plugins."${URI}"]\nmtu_bytes = 1 # x\n[plugins."${URI}".colour]\n"a.b" = "c"\n`],
    ['Windows line ends', `# a\r\nfolder = "/x" # y\r\n[plugins."${URI}"]\r\npeers = ["a"]\r\n`],
    ['an array of tables beside it', `version = 2\n[plugins."${URI}"]\nconfig_version = 2\npeers = [\n  "a", # a\n  "b"\n]\n`],
    ['a byte order mark', `\ufeff# a\nfolder = "/x"\n`],
    ['no table at all', '# nothing\nfolder = "/x"'],
  ])('writes what it means for %s', async (_, text) => {
    const before = await loadText(text);
    await writeMigrations(await migrate('c.toml'), seededRandom(1));
    const after = await load('c.toml');
    expect(after.warnings).toEqual([]);
    expect(diffConfigs(before, after)).toEqual({ core: [], plugins: [] });
    const written = await readFile(join(folder, 'c.toml'), 'utf8');
    for (const comment of text.match(/# .*/g) ?? []) expect(written).toContain(comment.trimEnd());
  });
});
