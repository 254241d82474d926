import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, corePlugins, startAgent } from '../agent/index.ts';
import { loadConfig } from '../config/index.ts';
import { systemContext } from '../context/index.ts';
import { defineErrors } from '../errors/index.ts';
import { assemble, definePlugin, defineToken } from '../plugin/index.ts';
import type { CommandSpec } from './command.ts';
import { type CliProcess, hawserMain } from './hawser-main.ts';

const errors = defineErrors('test', {
  failed: { kind: 'Internal', remedy: 'Do something.' },
  missing: { kind: 'NotFound', remedy: 'Look elsewhere.' },
});

const extra: CommandSpec = {
  name: 'extra',
  summary: 'Commands of the assembly.',
  commands: [
    { name: 'fail', summary: 'Fail.', run: async () => Promise.reject(errors.failed('it went wrong', { details: { why: 'test' } })) },
    { name: 'miss', summary: 'Miss.', run: async () => Promise.reject(errors.missing('it is not here')) },
    { name: 'crash', summary: 'Crash.', run: async () => Promise.reject(new TypeError('undefined is not a hawser')) },
    { name: 'seven', summary: 'Seven.', run: async () => 7 },
    {
      name: 'echo',
      summary: 'Say what came.',
      arguments: [
        { name: '<first>', description: 'one' },
        { name: '[rest...]', description: 'more' },
      ],
      options: [
        { flags: '--bin-dir <dir>', description: 'a folder', required: true },
        { flags: '-l, --label <pair>', description: 'pairs', repeatable: true },
        { flags: '--kind <kind>', description: 'one of two', choices: ['a', 'b'], default: 'a' },
      ],
      examples: [['hawser extra echo x --bin-dir /d', 'says x']],
      run: async ({ arguments: values, options, output, global }) =>
        output.result({ values: values.map((value) => value ?? null), ...options, level: global.logLevel }),
    },
    {
      name: 'wait',
      summary: 'Wait for a signal.',
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
  ],
};

const assembly = { name: 'test-agent', version: '9.8.7', plugins: assemble([...corePlugins]), commands: [extra] };

class FakeProcess extends EventEmitter {
  out = '';
  err = '';
  readonly env: Record<string, string> = {};
  readonly stdout = { isTTY: false, once: () => undefined, write: (text: string) => (this.out += text) };
  readonly stderr = { isTTY: false, write: (text: string) => (this.err += text) };
  exit(code?: string | number | null): never {
    throw new Error(`exit ${code}`);
  }
}

async function hawser(...argv: string[]) {
  const host = new FakeProcess();
  // The double is an event emitter with the few members that the command line uses.
  const code = await hawserMain(assembly, argv, host as unknown as CliProcess);
  return { code, out: host.out, err: host.err };
}

describe('hawser without an agent', () => {
  test('version tells agent, core, Node and every plugin', async () => {
    const { code, out } = await hawser('version', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      agent: '9.8.7',
      node: process.versions.node,
      plugins: expect.arrayContaining([expect.objectContaining({ uri: 'hawser.metadata.v1.lmdb' })]),
    });
    expect((await hawser('version')).out).toMatch(/^agent +test-agent 9\.8\.7\ncore /);
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
      const ended = hawserMain(assembly, ['extra', 'wait'], host as unknown as CliProcess);
      await expect.poll(() => host.listenerCount(signal)).toBe(1);
      host.emit(signal, signal);
      expect(await ended).toBe(expected);
      expect(host.err).toBe('');
    }
  });

  test('completion knows the commands and their options', async () => {
    const written: string[] = [];
    const { log } = console;
    console.log = (line: string) => void written.push(line);
    try {
      await hawser('complete', '--', 'leases', 'cr');
      await hawser('completion', 'fish');
    } finally {
      console.log = log;
    }
    expect(written[0]).toContain('create');
    expect(written.at(-1)).toContain('hawser');
  });

  test('the assembly is shown offline', async () => {
    const { code, out } = await hawser('plugins', 'ls', '--offline', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({ uri: 'hawser.metadata.v1.lmdb', status: 'stopped', requires: ['hawser.paths.v1'] }),
    );
    expect((await hawser('plugins', 'graph', '--offline')).out).toContain('hawser_metadata_v1_lmdb --> hawser_paths_v1_agent');
    expect((await hawser('plugins', 'graph', '--offline', '--format', 'dot')).out).toContain(
      '"hawser.metadata.v1.lmdb" -> "hawser.paths.v1.agent"',
    );
    expect((await hawser('plugins', 'show', 'hawser.none.v1.x', '--offline')).code).toBe(4);
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
    const code = await hawserMain(
      { name: 'x', version: '1.0.0', plugins: [lacking] },
      ['config', 'check', '--config', config],
      host as unknown as CliProcess,
    );
    expect([code, host.out]).toEqual([2, '']);
    expect(host.err).toMatch(/requires 'test\.missing\.v1', which no plugin in this set provides \[plugin\.graph_invalid\]/);
  });

  test('doctor asks the plugins without starting one', async () => {
    const host = new FakeProcess();
    const code = await hawserMain(
      { name: 'x', version: '1.0.0', plugins: [watched] },
      ['doctor', '--config', config, '-o', 'json'],
      host as unknown as CliProcess,
    );
    expect([code, started, examined]).toEqual([1, 0, [{}]]);
    expect(JSON.parse(host.out)).toContainEqual({ check: 'thing', status: 'fail', found: 'it is not there', remedy: 'Put it there.' });
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });
});

describe('hawser with an agent', () => {
  let folder: string;
  let agent: Agent;
  let config: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hwt-cli-'));
    config = join(folder, 'config.toml');
    await writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n`);
    const { plugins, ...named } = assembly;
    agent = await startAgent({
      ...named,
      config: await loadConfig({ file: config, plugins, missingOk: false }),
      context: systemContext,
      log: pino({ level: 'silent' }),
    });
  });
  afterAll(async () => {
    await agent.stop('the test is over');
    await rm(folder, { recursive: true });
  });

  test('finds its socket by the config', async () => {
    expect((await hawser('--config', config, 'plugins', 'ls')).out).toMatch(
      /^TYPE +ID +STABILITY +STATUS +MS\nhawser\.paths\.v1 +agent +stable +ok +\d/,
    );
  });

  test('finds its socket by what the config imports, whatever else is wrong there', async () => {
    const main = join(folder, 'main.toml');
    await writeFile(main, 'imports = ["parts/*.toml"]\nrooot = "/nowhere"\n');
    await mkdir(join(folder, 'parts'));
    await writeFile(join(folder, 'parts/state.toml'), `state = "${folder}/state"\n`);
    expect((await hawser('--config', main, 'leases', 'ls')).code).toBe(0);
    await writeFile(join(folder, 'parts/z.toml'), 'state = \n');
    const broken = await hawser('--config', main, 'leases', 'ls');
    expect(broken).toMatchObject({
      code: 2,
      err: expect.stringMatching(/parts\/z\.toml:1 is not valid TOML.*\[config\.invalid\].*--socket\.\n$/),
    });
    expect((await hawser('--config', main, 'version')).code).toBe(0);
    expect((await hawser('--config', main, '--socket', agent.socket, 'leases', 'ls')).code).toBe(0);
  });

  test('lists with filters, wide and for programs', async () => {
    const wide = await hawser('plugins', 'ls', '--config', config, '-o', 'wide', 'id==lmdb');
    expect(wide.out).toMatch(/REQUIRES +PROVIDES +REASON\nhawser\.metadata\.v1/);
    const json = JSON.parse((await hawser('plugins', 'ls', '--config', config, '-o', 'json', 'status!=ok')).out);
    expect(json).toEqual([]);
    expect((await hawser('plugins', 'ls', '--config', config, '-o', 'yaml', 'id==lmdb')).out).toMatch(
      /^- uri: hawser\.metadata\.v1\.lmdb\n/,
    );
    expect((await hawser('plugins', 'ls', '--config', config, 'what?')).code).toBe(2);
  });

  test('doctor has a line per check and exit 1 only when one fails', async () => {
    const { code, out } = await hawser('doctor', '--config', config, '-o', 'json');
    const findings: { check: string; status: string; found: string; remedy?: string }[] = JSON.parse(out);
    expect(findings.map((finding) => finding.check)).toEqual(
      expect.arrayContaining(['node', 'config', 'privileges', 'root folder', 'state folder', 'agent', 'nft', 'conflist', 'clock']),
    );
    expect(findings.find((finding) => finding.check === 'agent')).toMatchObject({ status: 'ok' });
    expect(findings.every((finding) => ['ok', 'skip'].includes(finding.status) || (finding.remedy ?? '').endsWith('.'))).toBe(true);
    expect(code).toBe(findings.some((finding) => finding.status === 'fail') ? 1 : 0);
  });
});
