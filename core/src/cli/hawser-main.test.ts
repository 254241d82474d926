import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Attachments, NetworkMode } from '../network/index.ts';
import { type AnyPlugin, definePlugin, defineToken } from '../plugin/index.ts';
import { coreVersion } from '../version.ts';
import { hawserMain } from './hawser-main.ts';
import { assembly, FakeProcess, hawser } from '../testing/command-line.fixture.ts';
import { FakeAttachments, fakePlugin } from '../testing/index.ts';

const Lamp = defineToken<object>()('test.lamp.v1');

describe('hawser without an agent', () => {
  test('version tells agent, core, Node and every plugin', async () => {
    const { code, out } = await hawser('version', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      agent: '9.8.7',
      node: process.versions.node,
      plugins: expect.arrayContaining([expect.objectContaining({ uri: 'hawser.metadata.v1.lmdb', version: coreVersion })]),
    });
    expect((await hawser('version')).out).toMatch(/^agent +test-agent 9\.8\.7\ncore /);
  });

  test('a plugin that says no version has the agent’s, where it is not of core', async () => {
    const lamp = (id: string, more: Partial<AnyPlugin>): AnyPlugin => ({
      provides: Lamp,
      id,
      summary: 'Gives light.',
      start: () => ({}),
      ...more,
    });
    const host = new FakeProcess();
    const plugins = [lamp('brass', {}), lamp('tin', { version: '3.2.1' })];
    await hawserMain({ name: 'lamps', version: '9.8.7', plugins }, ['version', '-o', 'json'], host);
    expect(JSON.parse(host.out)).toMatchObject({ core: coreVersion, plugins: [{ version: '9.8.7' }, { version: '3.2.1' }] });
  });

  test('an agent that is not there is exit 3, in one line or as an object', async () => {
    const people = await hawser('leases', 'ls', '--socket', '/nowhere/s');
    expect(people).toEqual({
      code: 3,
      out: '',
      err: 'hawser: no agent listens at /nowhere/s [api.no_agent]. Start the agent with `hawser run`, or name its socket with --socket.\n',
    });
    const programs = await hawser('-o', 'json', '--socket=/nowhere/s', 'gc', 'status');
    expect(programs.code).toBe(3);
    expect(JSON.parse(programs.err)).toMatchObject({
      error: {
        code: 'api.no_agent',
        message: 'no agent listens at /nowhere/s',
        remedy: expect.any(String),
        details: { socket: '/nowhere/s' },
      },
    });
  });

  test.each([
    [['leeses', 'ls'], /unknown command 'leeses' \(Did you mean leases\?\) \[cli\.unknown_command\]/],
    [['leases', 'lss'], /\[cli\.unknown_command\]/],
    [['leases', 'ls', '--bogus'], /unknown option '--bogus'/],
    [['leases', 'show'], /missing required argument 'id'/],
    [['leases', 'show', 'a', 'b'], /too many arguments/],
    [['leases', 'create', '--expires', 'soon'], /"soon" is not a duration \[cli\.invalid_value\]/],
    [['leases', 'create', '--label', 'x'], /"x" is not a pair/],
    [['leases', 'renew', 'x'], /required option '--expires <duration>' not specified/],
    [['leases', 'ls', '-o', 'xml'], /'xml' is invalid\. Allowed choices are table, wide, json, yaml/],
    [['--config', '/nowhere/c.toml', 'leases', 'ls'], /there is no configuration at \/nowhere\/c\.toml \[config\.not_found\]/],
    [['--config', '/nowhere/c.toml', 'config', 'check'], /\[config\.not_found\]/],
    [['--config', tmpdir(), 'leases', 'ls'], /is a folder \[config\.unreadable\]\. Name a file/],
    [['--config', '/dev/zero', 'leases', 'ls'], /is larger than 1 MiB/],
    [['--config', '', 'leases', 'ls'], /--config is empty/],
    [['--socket', '', 'leases', 'ls'], /--socket is empty/],
    [['leases', 'show', ''], /argument 1 is empty/],
    [['leeses', 'ls', '--help'], /unknown command 'leeses' \(Did you mean leases\?\)/],
    [['help', 'leeses'], /unknown command 'leeses' \(Did you mean leases\?\)/],
    [['\u001b[2J'], /unknown command '\\x1b\[2J'/],
    [['completion', 'tcsh'], /no completion for "tcsh"/],
    [['extra', 'echo', 'x', '--bin-dir', '/d', '--kind', 'c'], /Allowed choices are a, b/],
  ])('%j is wrong usage: exit 2', async (argv, message) => {
    const { code, out, err } = await hawser(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a program reads one object where help would stand', async () => {
    const { code, out, err } = await hawser('leases', '-o', 'json');
    expect([code, out]).toEqual([2, '']);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'cli.usage' } });
  });

  test('a group without a command shows its help and is wrong usage', async () => {
    const { code, err } = await hawser('leases');
    expect(code).toBe(2);
    expect(err).toContain('create [options] [id]');
  });

  test('help goes to standard output with examples and exit 0', async () => {
    const { code, out, err } = await hawser('events', '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('$ hawser events --from 30m');
    expect((await hawser('--version')).out).toBe('9.8.7\n');
    expect((await hawser('help', 'gc')).code).toBe(0);
  });

  test('commands of the assembly get arguments, options and the globals from both sides', async () => {
    const { code, out } = await hawser(
      '--log-level',
      'debug',
      'extra',
      'echo',
      'x',
      'y',
      'z',
      '--bin-dir',
      '/d',
      '-l',
      'a=1',
      '-o',
      'json',
      '--label',
      'b=2',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ values: ['x', ['y', 'z']], binDir: '/d', label: ['a=1', 'b=2'], kind: 'a', level: 'debug' });
  });

  test('what a command ends with is the exit code', async () => {
    expect((await hawser('extra', 'seven')).code).toBe(7);
    expect((await hawser('extra', 'miss')).code).toBe(4);
    expect(await hawser('extra', 'fail')).toMatchObject({ code: 1, err: 'hawser: it went wrong [test.failed]. Do something.\n' });
    expect(await hawser('extra', 'crash')).toMatchObject({ code: 1, err: expect.stringContaining('[internal.unexpected]') });
  });

  test('SIGINT ends a command with 130, SIGTERM with 143', async () => {
    for (const [signal, expected] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const host = new FakeProcess();
      const ended = hawserMain(assembly, ['extra', 'wait'], host);
      await expect.poll(() => host.listenerCount(signal)).toBe(1);
      host.emit(signal, signal);
      expect(await ended).toBe(expected);
      expect(host.err).toBe('');
    }
  });

  test('one SIGINT and one SIGTERM are one wish, the second of a kind ends it at once', async () => {
    const host = new FakeProcess();
    const ended = hawserMain(assembly, ['extra', 'wait'], host);
    await expect.poll(() => host.listenerCount('SIGINT')).toBe(1);
    host.emit('SIGINT', 'SIGINT');
    host.emit('SIGTERM', 'SIGTERM');
    expect(() => host.emit('SIGINT', 'SIGINT')).toThrow('exit 130');
    expect(await ended).toBe(130);
  });

  test('the assembly is shown offline', async () => {
    const { code, out } = await hawser('plugins', 'ls', '--offline', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({ uri: 'hawser.metadata.v1.lmdb', status: 'stopped', requires: expect.arrayContaining(['hawser.paths.v1']) }),
    );
    expect((await hawser('plugins', 'graph', '--offline')).out).toContain('hawser_metadata_v1_lmdb --> hawser_paths_v1_agent');
    expect((await hawser('plugins', 'graph', '--offline', '--format', 'dot')).out).toContain(
      '"hawser.metadata.v1.lmdb" -> "hawser.paths.v1.agent"',
    );
    expect((await hawser('plugins', 'show', 'hawser.none.v1.x', '--offline')).code).toBe(4);
  });
});

describe('on a terminal', () => {
  const printed = async (env: Readonly<Record<string, string>>, ...more: readonly string[]): Promise<string> => {
    const host = new FakeProcess();
    Object.assign(host.env, env);
    host.stdout.isTTY = host.stderr.isTTY = true;
    await hawserMain(assembly, ['doctor', '--config', '/dev/null', '--socket', '/nowhere/s', ...more], host);
    return host.out + host.err;
  };

  test('there are colours and a sign of progress', async () => {
    const text = await printed({ TERM: 'xterm' });
    expect(['\u001b[1mCHECK', '⠋', '\u001b[2K'].filter((part) => !text.includes(part))).toEqual([]);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }, []],
    ['--no-color', {}, ['--no-color']],
  ])('%s takes the colours away', async (_, env, words) => {
    expect(await printed({ TERM: 'xterm', ...env }, ...words)).not.toContain('\u001b[1m');
  });

  test('that is dumb nothing is painted and nothing taken back', async () => {
    const text = await printed({ TERM: 'dumb' });
    expect(text).toMatch(/^CHECK +STATUS/);
    expect(['\u001b', '\r'].filter((part) => text.includes(part))).toEqual([]);
  });
});

describe('plugins of which one lacks what it requires', () => {
  const Missing = defineToken<object>()('test.missing.v1');
  const Lacking = defineToken<object>()('test.lacking.v1');
  let started = 0;
  const examined: unknown[] = [];
  const lacking = definePlugin({
    provides: Lacking,
    id: 'lacking',
    summary: 'Lacks something.',
    requires: { missing: Missing },
    start: () => ({}),
  });
  const watched = definePlugin({
    provides: Missing,
    id: 'watched',
    summary: 'Looks at the machine.',
    examine: async ({ config }) => {
      examined.push(config);
      return [{ check: 'thing', status: 'fail', found: 'it is not there', remedy: 'Put it there.' }];
    },
    start: () => {
      started++;
      return {};
    },
  });
  let folder: string;
  let config: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hwt-cli-'));
    config = join(folder, 'config.toml');
    await writeFile(config, `root = "${folder}/root"\nstate = "${folder}/state"\n`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('config check tells it, exit 2', async () => {
    const host = new FakeProcess();
    const code = await hawserMain({ name: 'x', version: '1.0.0', plugins: [lacking] }, ['config', 'check', '--config', config], host);
    expect([code, host.out]).toEqual([2, '']);
    expect(host.err).toMatch(/requires 'test\.missing\.v1', which no plugin in this set provides \[plugin\.graph_invalid\]/);
  });

  test('doctor asks the plugins without starting one', async () => {
    const host = new FakeProcess();
    const code = await hawserMain({ name: 'x', version: '1.0.0', plugins: [watched] }, ['doctor', '--config', config, '-o', 'json'], host);
    expect([code, started, examined]).toEqual([1, 0, [{}]]);
    expect(JSON.parse(host.out)).toContainEqual({ check: 'thing', status: 'fail', found: 'it is not there', remedy: 'Put it there.' });
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  test('one that every agent needs and the config leaves out is told by config check and by doctor, as by run', async () => {
    const without = join(folder, 'without.toml');
    await writeFile(without, `root = "${folder}/root"\nstate = "${folder}/state"\ndisabled = ["hawser.metadata.v1.lmdb"]\n`);
    expect(await hawser('config', 'check', '--config', without)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`Take "hawser.metadata.v1.lmdb" out of \`disabled\`.`),
    });
    const { code, out } = await hawser('doctor', '--config', without, '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({ check: 'plugins', status: 'fail', remedy: 'Take "hawser.metadata.v1.lmdb" out of `disabled`.' }),
    );
  });

  test('doctor says which modes are on, where there are attachments', async () => {
    const modes = async (...plugins: readonly AnyPlugin[]): Promise<unknown> => {
      const host = new FakeProcess();
      await hawserMain({ name: 'x', version: '1.0.0', plugins }, ['doctor', '--config', config, '-o', 'json'], host);
      const findings: { readonly check: string }[] = JSON.parse(host.out);
      return findings.find(({ check }) => check === 'modes');
    };
    const engine = fakePlugin(Attachments, 'fake', new FakeAttachments());
    const mode = fakePlugin(NetworkMode, 'wires', {
      claims: () => [],
      attach: () => Promise.reject(new Error('not here')),
      check: () => Promise.resolve(),
      detach: () => Promise.resolve(),
    });
    expect(await modes()).toBeUndefined();
    expect(await modes(engine)).toMatchObject({ status: 'warn', found: expect.stringContaining('no network mode is on') });
    expect(await modes(engine, mode)).toEqual({ check: 'modes', status: 'ok', found: 'wires' });
  });
});
