import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from '../agent/index.ts';
import { loadConfig } from '../config/index.ts';
import { systemContext } from '../context/index.ts';
import { assembly, hawser } from '../testing/command-line.fixture.ts';

const EVENTS = 'hawser.events.v1.journal';

describe('hawser while an agent changes', () => {
  let folder: string;
  let agent: Agent;
  let config: string;
  const write = (more: string) => writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n${more}`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hwt-cli-'));
    config = join(folder, 'config.toml');
    await write('');
    const { plugins, ...named } = assembly;
    const read = () => loadConfig({ file: config, plugins, missingOk: false });
    const log = pino({ level: 'silent' });
    agent = await startAgent({ ...named, config: await read(), source: { read }, context: systemContext, log });
  });
  afterAll(async () => {
    await agent.stop('the test is over');
    await rm(folder, { recursive: true });
  });

  test('config reload --dry-run prints the steps and takes none; config reload takes them', async () => {
    await write(`[plugins."${EVENTS}"]\narchive_interval = "31s"\n`);
    const before = agent.reports().find(({ uri }) => uri === EVENTS)?.startedAt;
    const preview = await hawser('config', 'reload', '--dry-run', '--config', config);
    expect(preview.code).toBe(0);
    expect(preview.out).toMatch(
      /^ACTION +PLUGIN +REASON\nrestart +hawser\.events\.v1\.journal +its settings have changed: archive_interval\n/,
    );
    expect(agent.reports().find(({ uri }) => uri === EVENTS)?.startedAt).toBe(before);
    const json = await hawser('config', 'reload', '--config', config, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({
      dryRun: false,
      files: [config],
      changed: [`plugins."${EVENTS}".archive_interval`],
      durationMs: expect.any(Number),
    });
    const again = await hawser('config', 'reload', '--config', config);
    expect([again.code, again.err]).toEqual([0, expect.stringContaining('nothing that runs was concerned')]);
  });

  test('a config with faults is exit 2 and all of them', async () => {
    await write('rooot = 1\ndisabled = ["x"]\n');
    const { code, err } = await hawser('config', 'reload', '--socket', agent.socket);
    expect([code, err]).toEqual([2, expect.stringMatching(/rooot is unknown.*\n?.*names no plugin/s)]);
    await write('');
  });

  test('plugins log sets a level and takes it back; plugins show tells it, and the workers', async () => {
    const raised = await hawser('plugins', 'log', EVENTS, 'debug', '--config', config);
    expect([raised.code, raised.out]).toEqual([0, expect.stringMatching(/LOG: +debug/)]);
    const shown = await hawser('plugins', 'show', EVENTS, '--config', config);
    expect(shown.out).toMatch(/LOG: +debug/);
    expect(shown.out).toMatch(/WORKERS: +journal running, round 1/);
    expect((await hawser('plugins', 'log', EVENTS, 'agent', '--config', config)).out).not.toContain('LOG:');
    expect(await hawser('plugins', 'log', EVENTS, 'loud', '--config', config)).toMatchObject({
      code: 2,
      err: expect.stringContaining('"loud" is no level of a log'),
    });
    expect((await hawser('plugins', 'log', 'test.none.v1.x', 'debug', '--config', config)).code).toBe(4);
  });
});
