import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Events } from '../events/events.ts';
import { Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { type AnyPlugin, definePlugin, defineToken } from '../plugin/index.ts';
import { openAgentFolder, type TestFolder, Thing } from './run-agent.fixture.ts';

const never = new AbortController().signal;
const Other = defineToken<object>()('test.other.v1');

let agent: TestFolder;
beforeEach(async () => {
  agent = await openAgentFolder();
});
afterEach(() => agent[Symbol.asyncDispose]());

/** Notes its starts with what its table says; refuses `word = "bad"`. */
function wordy(seen: string[]): AnyPlugin {
  return definePlugin({
    provides: Thing,
    id: 'wordy',
    summary: 'Has one word.',
    config: z.strictObject({ word: z.string().default('none').describe('The word') }),
    start: ({ config: { word } }) => {
      seen.push(word);
      if (word === 'bad') throw new Error('not that word');
      return { ok: true } as const;
    },
  });
}

const table = (word: string) => `[plugins."test.thing.v1.wordy"]\nword = "${word}"\n`;

describe('a reload of the config', () => {
  test('by SIGHUP restarts just the plugin concerned, and is an event', async () => {
    const seen: string[] = [];
    const { code, signals, ready, said, client } = agent.run([wordy(seen)]);
    await ready();
    await agent.write(table('two'));
    signals.emit('SIGHUP', 'SIGHUP');
    await said('the config was reloaded: 1 plugin is concerned');
    expect(seen).toEqual(['none', 'two']);
    const told = await Array.fromAsync(client.events({ follow: false, topics: ['/config'], from: 'start', signal: never }));
    expect(told).toMatchObject([
      {
        topic: '/config/reloaded',
        data: { changed: ['plugins."test.thing.v1.wordy".word'], steps: [{ uri: 'test.thing.v1.wordy', action: 'restart' }] },
      },
    ]);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('by the API tells its steps; a dry run tells them and does nothing', async () => {
    const seen: string[] = [];
    const { code, signals, ready, client } = agent.run([wordy(seen)]);
    await ready();
    await agent.write(table('two'));
    const steps = [{ uri: 'test.thing.v1.wordy', action: 'restart', reason: 'its settings have changed: word' }];
    const preview = await client.config.reload({ dryRun: true }, never);
    expect(preview).toEqual({
      dryRun: true,
      files: [join(agent.folder, 'config.toml')],
      changed: ['plugins."test.thing.v1.wordy".word'],
      steps,
    });
    expect(seen).toEqual(['none']);
    expect(await client.config.reload({ dryRun: false }, never)).toMatchObject({ dryRun: false, steps, durationMs: expect.any(Number) });
    expect((await client.config.reload({ dryRun: false }, never)).steps).toEqual([]);
    expect(seen).toEqual(['none', 'two']);
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
  });

  test('is heard by the assembly, however it was asked for', async () => {
    let heard = 0;
    const { code, signals, ready, client } = agent.run([wordy([])], { onReady: async () => void heard++ });
    await ready();
    await expect.poll(() => heard).toBe(1);
    await client.config.reload({ dryRun: true }, never);
    await client.config.reload({ dryRun: false }, never);
    await expect.poll(() => heard).toBe(2);
    await agent.write('nonsense = 1\n');
    await expect(client.config.reload({ dryRun: false }, never)).rejects.toMatchObject({ code: 'config.invalid' });
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
    expect(heard).toBe(2);
  });

  test('with faults changes nothing, says them all, and is an event', async () => {
    const seen: string[] = [];
    const { code, signals, lines, ready, said, client } = agent.run([wordy(seen)]);
    await ready();
    await agent.write('disabled = ["test.thing.v1.wordi"]\n[plugins."test.thing.v1.wordy"]\nwort = 1\n');
    signals.emit('SIGHUP', 'SIGHUP');
    await said('the config was not reloaded: ');
    expect(lines.find(({ msg }) => msg.startsWith('the config was not'))).toMatchObject({ level: 50, code: 'config.invalid' });
    await expect(client.config.reload({ dryRun: true }, never)).rejects.toMatchObject({ code: 'config.invalid' });
    await expect(client.config.reload({ dryRun: false }, never)).rejects.toMatchObject({ message: expect.stringContaining('wort') });
    const told = await Array.fromAsync(client.events({ follow: false, topics: ['/config'], from: 'start', signal: never }));
    expect(told).toMatchObject([{ topic: '/config/rejected', data: { code: 'config.invalid' } }, { topic: '/config/rejected' }]);
    expect(seen).toEqual(['none']);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('whose plugin does not start goes back to the former settings', async () => {
    const seen: string[] = [];
    const { code, signals, ready, client } = agent.run([wordy(seen)]);
    await ready();
    await agent.write(table('bad'));
    await expect(client.config.reload({ dryRun: false }, never)).rejects.toMatchObject({ code: 'plugin.reload_failed' });
    expect(seen).toEqual(['none', 'bad', 'none']);
    expect(await client.plugins(never)).toContainEqual(expect.objectContaining({ uri: 'test.thing.v1.wordy', status: 'ok' }));
    await agent.write(table('good'));
    await client.config.reload({ dryRun: false }, never);
    expect(seen.at(-1)).toBe('good');
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
  });

  test('can not move the folders of a running agent: refused as a whole', async () => {
    const seen: string[] = [];
    const { code, signals, ready, client } = agent.run([wordy(seen)]);
    await ready();
    const text = `version = 1\nroot = "${agent.folder}/elsewhere"\nstate = "${agent.folder}/state"\n${table('two')}`;
    await writeFile(join(agent.folder, 'config.toml'), text);
    await expect(client.config.reload({ dryRun: true }, never)).rejects.toMatchObject({
      code: 'agent.restart_needed',
      message: "`root` can't be changed while the agent runs",
    });
    await expect(client.config.reload({ dryRun: false }, never)).rejects.toMatchObject({ code: 'agent.restart_needed' });
    expect(seen).toEqual(['none']);
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
  });

  test('that asks for a plugin that does not start is refused, with `required` as it was', async () => {
    const broken = definePlugin({ provides: Other, id: 'broken', summary: 'Fails.', start: () => Promise.reject(new Error('no')) });
    const { code, signals, ready, client } = agent.run([broken]);
    await ready();
    await agent.write('required = ["test.other.v1.broken"]\n');
    await expect(client.config.reload({ dryRun: false }, never)).rejects.toMatchObject({
      code: 'plugin.reload_failed',
      message: expect.stringContaining('is in `required`, but has failed'),
    });
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('loads the packages that it names anew', async () => {
    const { code, signals, ready, client } = agent.run();
    await ready();
    await mkdir(join(agent.folder, 'node_modules/acme'), { recursive: true });
    await writeFile(
      join(agent.folder, 'node_modules/acme/package.json'),
      JSON.stringify({ name: 'acme', type: 'module', exports: './main.js', hawser: { apiVersion: 1 } }),
    );
    await writeFile(
      join(agent.folder, 'node_modules/acme/main.js'),
      "export default { provides: { id: 'acme.thing.v1', cardinality: 'one' }, id: 'one', summary: 'From outside.', start: () => ({}) };",
    );
    await agent.write('packages = ["acme"]\n');
    const { steps } = await client.config.reload({ dryRun: false }, never);
    expect(steps).toEqual([{ uri: 'acme.thing.v1.one', action: 'start', reason: 'it takes part now' }]);
    await agent.write('');
    expect((await client.config.reload({ dryRun: false }, never)).steps).toMatchObject([{ action: 'stop' }]);
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
  });

  test('is ended by SIGTERM, which ends the agent with 0', async () => {
    const seen: string[] = [];
    const slow = definePlugin({
      provides: Thing,
      id: 'wordy',
      summary: 'Has one word.',
      config: z.strictObject({ word: z.string().default('none').describe('The word') }),
      start: async ({ config, clock, signal }) => {
        if (config.word === 'slow') await clock.sleep(60_000, signal);
        seen.push(config.word);
        return { ok: true } as const;
      },
    });
    const { code, signals, lines, ready } = agent.run([slow]);
    await ready();
    await agent.write(table('slow'));
    signals.emit('SIGHUP', 'SIGHUP');
    await expect.poll(() => lines.some(({ msg, plugin }) => plugin === 'test.thing.v1.wordy' && msg === 'plugin is stopped')).toBe(true);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    expect(lines.some(({ code }) => code === 'plugin.reload_cancelled')).toBe(true);
    expect(seen).toEqual(['none']);
  });

  test('that comes before the agent is ready waits for that', async () => {
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const gated: AnyPlugin = definePlugin({
      provides: Other,
      id: 'gated',
      summary: 'Starts when told.',
      start: async () => {
        await gate.promise;
        return {};
      },
    });
    const { code, signals, lines, said } = agent.run([wordy(seen), gated]);
    await expect.poll(() => seen).toEqual(['none']);
    await agent.write(table('two'));
    signals.emit('SIGHUP', 'SIGHUP');
    gate.resolve();
    await said('the config was reloaded');
    expect(lines.findIndex(({ msg }) => msg === 'ready')).toBeLessThan(
      lines.findIndex(({ msg }) => msg.startsWith('the config was reloaded')),
    );
    expect(seen).toEqual(['none', 'two']);
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
  });

  test('reaches even the store: everyone on top of it is restarted, and the journal goes on', async () => {
    const counter = definePlugin({
      provides: Other,
      id: 'counter',
      summary: 'Needs events.',
      requires: { events: Events },
      start: () => ({}),
    });
    const { code, signals, ready, client } = agent.run([counter]);
    await ready();
    await agent.write('[plugins."hawser.events.v1.journal"]\narchive_interval = "31s"\n');
    const { steps } = await client.config.reload({ dryRun: false }, never);
    expect(steps.map(({ uri }) => uri)).toContain('test.other.v1.counter');
    const told = await Array.fromAsync(client.events({ follow: false, topics: ['/config'], from: 'start', signal: never }));
    expect(told).toMatchObject([{ topic: '/config/reloaded' }]);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('of the journal restarts it and all that stands on it: leases and what was told are there afterwards', async () => {
    const { code, signals, ready, client } = agent.run([]);
    await ready();
    const { id } = await client.leases.create({}, never);
    for (const age of ['1d', '2d', '3d']) {
      await agent.write(`[plugins."hawser.events.v1.journal"]\nmax_age = "${age}"\n`);
      const { steps } = await client.config.reload({ dryRun: false }, never);
      const taken = steps.map(({ uri, action }) => `${action} ${uri}`);
      expect(taken).toEqual(expect.arrayContaining(['restart hawser.events.v1.journal', 'restart hawser.leases.v1.store']));
      expect((await client.leases.list(never)).map((lease) => lease.id)).toEqual([id]);
    }
    const told = await Array.fromAsync(client.events({ follow: false, topics: ['/config'], from: 'start', signal: never }));
    expect(told).toHaveLength(3);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('of metrics, which all can do without, restarts nobody else', async () => {
    const meter = definePlugin({
      provides: Metrics,
      id: 'meter',
      summary: 'Measures.',
      config: z.strictObject({ unit: z.string().default('m').describe('The unit') }),
      start: () => silentMetrics,
    });
    const { code, signals, ready, client } = agent.run([meter]);
    await ready();
    await agent.write('[plugins."hawser.metrics.v1.meter"]\nunit = "km"\n');
    expect((await client.config.reload({ dryRun: false }, never)).steps).toMatchObject([
      { action: 'restart', uri: 'hawser.metrics.v1.meter' },
    ]);
    await agent.write('disabled = ["hawser.metrics.v1.meter"]\n');
    expect((await client.config.reload({ dryRun: false }, never)).steps).toMatchObject([
      { action: 'stop', uri: 'hawser.metrics.v1.meter' },
    ]);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });
});
