import * as z from 'zod';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { definePlugin } from '../plugin/index.ts';
import { openAgentFolder, type TestFolder, Thing } from './run-agent.fixture.ts';

let agent: TestFolder;
beforeEach(async () => {
  agent = await openAgentFolder();
});
afterEach(() => agent[Symbol.asyncDispose]());

describe('an agent with settings of an older version', () => {
  test('runs with what they mean today, and warns with file, line and remedy', async () => {
    let mtu = 0;
    const wire = definePlugin({
      provides: Thing,
      id: 'wire',
      summary: 'Has renamed its setting.',
      config: z.strictObject({ mtu: z.int() }),
      configVersion: 2,
      configMigrations: { 1: ({ size, ...table }) => ({ ...table, ...(size === undefined ? {} : { mtu: size }) }) },
      start: ({ config }) => {
        mtu = config.mtu;
        return { ok: true } as const;
      },
    });
    await agent.write('[plugins."test.thing.v1.wire"]\nsize = 1400\n');
    const { code, signals, lines, ready } = agent.run([wire]);
    await ready();
    expect(mtu).toBe(1400);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 40,
        msg: 'plugins."test.thing.v1.wire".config_version is 1, and was read as today\'s 2',
        file: `${agent.folder}/config.toml`,
        line: 4,
        remedy: expect.stringContaining('hawser config migrate --write'),
      }),
    );
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });
});
