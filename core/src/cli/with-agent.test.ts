import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from '../agent/index.ts';
import { loadConfig } from '../config/index.ts';
import { systemContext } from '../context/index.ts';
import { assembly, hawser } from '../testing/command-line.fixture.ts';

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
      /^TYPE +ID +STABILITY +STATUS +MS\n(?:hawser\..+\n)*hawser\.paths\.v1 +agent +stable +ok +\d/,
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
      expect.arrayContaining(['node', 'config', 'root folder', 'state folder', 'agent', 'conflist', 'clock']),
    );
    expect(findings.find((finding) => finding.check === 'agent')).toMatchObject({ status: 'ok' });
    expect(findings.every((finding) => ['ok', 'skip'].includes(finding.status) || (finding.remedy ?? '').endsWith('.'))).toBe(true);
    expect(code).toBe(findings.some((finding) => finding.status === 'fail') ? 1 : 0);
  });
});
