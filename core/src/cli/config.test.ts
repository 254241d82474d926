import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { definePlugin, defineToken } from '../plugin/index.ts';
import { assembly, FakeProcess } from '../testing/command-line.fixture.ts';
import { hawserMain } from './hawser-main.ts';

const wire = definePlugin({
  provides: defineToken<object>()('acme.mode.v1'),
  id: 'wire',
  summary: 'A mode.',
  enabled: 'configured',
  config: z.strictObject({ mtu: z.int().min(0).max(9000).default(1500).describe('MTU.') }),
  configVersion: 2,
  configMigrations: { 1: ({ mtu_bytes: mtu, ...table }) => ({ ...table, ...(mtu === undefined ? {} : { mtu }) }) },
  start: () => ({}),
});

const OLD = '# mine\n[plugins."acme.mode.v1.wire"]\nmtu_bytes = 1400 # wifi\n';
const NEW = '# mine\n[plugins."acme.mode.v1.wire"]\nmtu = 1400 # wifi\nconfig_version = 2\n';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-cli-config-'));
  file = join(folder, 'config.toml');
  await writeFile(file, OLD);
});
afterEach(() => rm(folder, { recursive: true }));

async function hawser(...argv: string[]) {
  const host = new FakeProcess();
  const code = await hawserMain({ ...assembly, plugins: [...assembly.plugins, wire] }, ['--config', file, ...argv], host);
  return { code, out: host.out, err: host.err };
}

describe('hawser config migrate', () => {
  test('prints what an old file comes to, so that it can be redirected', async () => {
    expect(await hawser('config', 'migrate')).toEqual({
      code: 0,
      out: NEW,
      err: `${file}: plugins."acme.mode.v1.wire".config_version 1 → 2\n`,
    });
    expect(await readFile(file, 'utf8')).toBe(OLD);
  });

  test('puts it there when told to, and has nothing to do afterwards', async () => {
    expect(await hawser('config', 'migrate', '--write')).toMatchObject({ code: 0, out: `written: ${file}\n` });
    expect(await readFile(file, 'utf8')).toBe(NEW);
    expect(await hawser('config', 'migrate', '--write')).toEqual({ code: 0, out: '', err: 'nothing is of an older version\n' });
    expect(JSON.parse((await hawser('config', 'migrate', '-o', 'json')).out)).toEqual({ files: [] });
  });

  test('tells programs file, versions and text', async () => {
    expect(JSON.parse((await hawser('config', 'migrate', '-o', 'json')).out)).toEqual({
      files: [
        {
          file,
          raised: [{ key: 'plugins."acme.mode.v1.wire".config_version', from: 1, to: 2 }],
          commentsKept: true,
          written: false,
          text: NEW,
        },
      ],
    });
  });

  test('of several files says which is which', async () => {
    await writeFile(file, `imports = ["more.toml"]\n${OLD}`);
    await writeFile(join(folder, 'more.toml'), OLD);
    const { out } = await hawser('config', 'migrate');
    expect(out).toBe(`# --- ${file}\nimports = ["more.toml"]\n${NEW}\n# --- ${join(folder, 'more.toml')}\n${NEW}`);
  });

  test('refuses what is no config, exit 2', async () => {
    await writeFile(file, 'a = = 1');
    expect(await hawser('config', 'migrate', '--write')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('[config.invalid]'),
    });
    expect(await readFile(file, 'utf8')).toBe('a = = 1');
  });
});

describe('a config of an older version', () => {
  test('is valid, and config check says what to do about it', async () => {
    const { code, out, err } = await hawser('config', 'check');
    expect(code).toBe(0);
    expect(out).toMatch(/^config: +valid/);
    expect(err).toBe(
      `${file}:2: plugins."acme.mode.v1.wire".config_version is 1, and was read as today's 2. Run \`hawser config migrate --write\`, which keeps comments.\n`,
    );
    expect(JSON.parse((await hawser('config', 'check', '-o', 'json')).out)).toMatchObject({ warnings: [{ file, line: 2 }] });
  });

  test('is a warning of the doctor', async () => {
    const { out } = await hawser('doctor', '-o', 'json');
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({ check: 'config', status: 'warn', remedy: expect.stringContaining('config migrate --write') }),
    );
  });
});

describe('hawser config dump', () => {
  test('tells programs where each value stands', async () => {
    const { out } = await hawser('config', 'dump', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      config: { plugins: { 'acme.mode.v1.wire': { config_version: 2, mtu: 1400 } } },
      origins: { 'plugins."acme.mode.v1.wire".mtu': { file, line: 3 }, root: 'default' },
      files: [file],
    });
  });
});
