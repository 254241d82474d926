import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClient } from '../api/index.ts';
import { definePlugin } from '../plugin/index.ts';
import { AgentState } from '../telemetry/agent-state.ts';
import { openAgentFolder, type TestFolder, Thing } from './run-agent.fixture.ts';

let agent: TestFolder;
beforeEach(async () => {
  agent = await openAgentFolder();
});
afterEach(() => agent[Symbol.asyncDispose]());

describe('the agent in the foreground', () => {
  test('is ready with a line, serves, and drains at SIGTERM with 0', async () => {
    const { code, signals, lines, ready, socket } = agent.run();
    await ready();
    expect(lines.find((line) => line.msg === 'ready')).toMatchObject({
      socket,
      name: 'test',
      version: '1.0.0',
      durationMs: expect.any(Number),
    });
    expect(await openClient({ socket }).version(new AbortController().signal)).toMatchObject({ ready: true });
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ msg: 'stopped', reason: 'received SIGTERM' });
    expect(existsSync(socket)).toBe(false);
    expect(signals.eventNames()).toEqual([]);
  });

  test('a plugin that asks hears of the agent that is ready, and of the one that stops before it does', async () => {
    const heard: string[] = [];
    const listening = definePlugin({
      provides: Thing,
      id: 'listening',
      summary: 'Listens to the agent.',
      requires: { agent: AgentState },
      start: ({ agent: state, scope }) => {
        const heardOf = state.onChange?.(() => void heard.push(state.phase())) ?? expect.fail();
        scope.defer(() => (heard.push('released'), heardOf[Symbol.dispose]()));
        return { ok: true } as const;
      },
    });
    const { code, signals, ready } = agent.run([listening]);
    await ready();
    expect(heard.at(-1)).toBe('ready');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    expect(heard.indexOf('stopping')).toBeGreaterThan(heard.indexOf('ready'));
    expect(heard.at(-1)).toBe('released');
  });

  test('a second signal ends it at once', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = definePlugin({
      provides: Thing,
      id: 'slow',
      summary: 'Stops slowly.',
      start: ({ scope }) => (scope.defer(() => released), { ok: true } as const),
    });
    const { code, signals, exits, ready } = agent.run([slow]);
    await ready();
    signals.emit('SIGTERM', 'SIGTERM');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(exits).toEqual([143]);
    release();
    await code;
  });

  test('a plugin that can not be stopped is told, the others stop, exit 1', async () => {
    const stubborn = definePlugin({
      provides: Thing,
      id: 'stubborn',
      summary: 'Does not stop.',
      start: ({ scope }) => (scope.defer(() => Promise.reject(new Error('I stay'))), { ok: true } as const),
    });
    const { code, signals, lines, ready, socket } = agent.run([stubborn]);
    await ready();
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(1);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopping failed', plugin: 'test.thing.v1.stubborn' }));
    expect(existsSync(socket)).toBe(false);
  });

  test('a failed plugin is told; a required one stops the boot and leaves no socket', async () => {
    const bad = definePlugin({ provides: Thing, id: 'bad', summary: 'Fails.', start: () => Promise.reject(new Error('no')) });
    const first = agent.run([bad]);
    await first.ready();
    expect(first.lines).toContainEqual(expect.objectContaining({ level: 50, plugin: 'test.thing.v1.bad', remedy: expect.any(String) }));
    first.signals.emit('SIGTERM', 'SIGTERM');
    expect(await first.code).toBe(0);
    await agent.write(`required = ["test.thing.v1.bad"]\n`);
    const second = agent.run([bad]);
    await expect(second.code).rejects.toMatchObject({ code: 'plugin.required_failed' });
    expect(existsSync(second.socket)).toBe(false);
  });

  test('a damaged store is refused with the remedy and stays as it is', async () => {
    const first = agent.run();
    await first.ready();
    first.signals.emit('SIGTERM', 'SIGTERM');
    await first.code;
    const data = join(agent.folder, 'root/store/data.mdb');
    await writeFile(data, 'garbage');
    await expect(agent.run().code).rejects.toMatchObject({
      code: 'plugin.required_failed',
      message: expect.stringContaining('is damaged'),
    });
    expect(await readFile(data, 'utf8')).toBe('garbage');
  });

  test('a signal during the boot stops what has started', async () => {
    const hanging = definePlugin({
      provides: Thing,
      id: 'hanging',
      summary: 'Hangs.',
      start: ({ signal }) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const { code, signals, lines, socket } = agent.run([hanging]);
    const client = openClient({ socket });
    await expect
      .poll(() => client.version(new AbortController().signal).catch(() => undefined))
      .toMatchObject({ ready: false, phase: 'starting' });
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    expect(lines.at(-1)?.msg).toBe('stopped before it was ready');
    expect(existsSync(socket)).toBe(false);
  });

  test('a second agent on the same folders is refused before anything starts', async () => {
    const first = agent.run();
    await first.ready();
    await expect(agent.run().code).rejects.toMatchObject({ code: 'api.socket_in_use' });
    first.signals.emit('SIGTERM', 'SIGTERM');
    expect(await first.code).toBe(0);
  });

  test('a config that is not valid, and one that is not there', async () => {
    await agent.write('rooot = "/x"\n');
    await expect(agent.run().code).rejects.toMatchObject({ code: 'config.invalid' });
    await expect(agent.run([], { configFile: join(agent.folder, 'none.toml') }).code).rejects.toMatchObject({ code: 'config.not_found' });
  });

  test('the assembly hears when it serves; what it fails at is a warning', async () => {
    const { code, signals, lines, ready } = agent.run([], { onReady: (agent) => Promise.reject(new Error(`no room at ${agent.socket}`)) });
    await ready();
    await expect.poll(() => lines.some((line) => line.level === 40 && line.msg.startsWith('no room at /'))).toBe(true);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('a service manager that does not listen is a warning', async () => {
    const { code, signals, lines, ready } = agent.run([], { notifySocket: '/nowhere/notify' });
    await ready();
    await expect.poll(() => lines.some((line) => line['code'] === 'agent.notify_failed')).toBe(true);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });
});
