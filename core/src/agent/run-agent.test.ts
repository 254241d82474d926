import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClient } from '../api/index.ts';
import { systemContext } from '../context/index.ts';
import { type AnyPlugin, definePlugin, defineToken } from '../plugin/index.ts';
import { corePlugins } from './core-plugins.ts';
import { runAgent, type RunOptions } from './run-agent.ts';

const Thing = defineToken<{ readonly ok: true }>()('test.thing.v1');

let folder: string;
let config: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-agent-'));
  config = join(folder, 'config.toml');
  await writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n`);
});
afterEach(() => rm(folder, { recursive: true }));

function run(plugins: readonly AnyPlugin[] = [], more: Partial<RunOptions> = {}) {
  const signals = new EventEmitter();
  const lines: { readonly msg: string; readonly level: number; readonly [key: string]: unknown }[] = [];
  const exits: number[] = [];
  const code = runAgent({
    name: 'test',
    version: '1.0.0',
    plugins: [...corePlugins, ...plugins],
    configFile: config,
    configMissingOk: false,
    context: systemContext,
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    signals: signals as unknown as RunOptions['signals'],
    notifySocket: undefined,
    exit: (status) => void exits.push(status),
    ...more,
  });
  const ready = async () => {
    await expect.poll(() => lines.some((line) => line.msg === 'ready')).toBe(true);
  };
  return { code, signals, lines, exits, ready, socket: join(folder, 'state/hawser.sock') };
}

describe('the agent in the foreground', () => {
  test('is ready with a line, serves, and drains at SIGTERM with 0', async () => {
    const { code, signals, lines, ready, socket } = run();
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

  test('SIGHUP says what it does not do and the agent goes on', async () => {
    const { code, signals, lines, ready } = run();
    await ready();
    signals.emit('SIGHUP', 'SIGHUP');
    expect(lines.at(-1)?.msg).toContain('restart it to apply changes');
    signals.emit('SIGINT', 'SIGINT');
    expect(await code).toBe(0);
  });

  test('a second signal ends it at once', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = definePlugin({
      provides: Thing,
      id: 'slow',
      summary: 'Stops slowly.',
      start: ({ scope }) => (scope.defer(() => released), { ok: true } as const),
    });
    const { code, signals, exits, ready } = run([slow]);
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
    const { code, signals, lines, ready, socket } = run([stubborn]);
    await ready();
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(1);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'stopping failed', plugin: 'test.thing.v1.stubborn' }));
    expect(existsSync(socket)).toBe(false);
  });

  test('a failed plugin is told; a required one stops the boot and leaves no socket', async () => {
    const bad = definePlugin({ provides: Thing, id: 'bad', summary: 'Fails.', start: () => Promise.reject(new Error('no')) });
    const first = run([bad]);
    await first.ready();
    expect(first.lines).toContainEqual(expect.objectContaining({ level: 50, plugin: 'test.thing.v1.bad', remedy: expect.any(String) }));
    first.signals.emit('SIGTERM', 'SIGTERM');
    expect(await first.code).toBe(0);
    await writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\nrequired = ["test.thing.v1.bad"]\n`);
    const second = run([bad]);
    await expect(second.code).rejects.toMatchObject({ code: 'plugin.required_failed' });
    expect(existsSync(second.socket)).toBe(false);
  });

  test('a damaged store is refused with the remedy and stays as it is', async () => {
    const first = run();
    await first.ready();
    first.signals.emit('SIGTERM', 'SIGTERM');
    await first.code;
    const data = join(folder, 'root/store/data.mdb');
    await writeFile(data, 'garbage');
    await expect(run().code).rejects.toMatchObject({ code: 'plugin.required_failed', message: expect.stringContaining('is damaged') });
    expect(await readFile(data, 'utf8')).toBe('garbage');
  });

  test('a signal during the boot stops what has started', async () => {
    const hanging = definePlugin({
      provides: Thing,
      id: 'hanging',
      summary: 'Hangs.',
      start: ({ signal }) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const { code, signals, lines, socket } = run([hanging]);
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
    const first = run();
    await first.ready();
    await expect(run().code).rejects.toMatchObject({ code: 'api.socket_in_use' });
    first.signals.emit('SIGTERM', 'SIGTERM');
    expect(await first.code).toBe(0);
  });

  test('a config that is not valid, and one that is not there', async () => {
    await writeFile(config, 'version = 1\nrooot = "/x"\n');
    await expect(run().code).rejects.toMatchObject({ code: 'config.invalid' });
    await expect(run([], { configFile: join(folder, 'none.toml') }).code).rejects.toMatchObject({ code: 'config.not_found' });
  });

  test('the assembly hears when it serves; what it fails at is a warning', async () => {
    const { code, signals, lines, ready } = run([], { onReady: (agent) => Promise.reject(new Error(`no room at ${agent.socket}`)) });
    await ready();
    await expect.poll(() => lines.some((line) => line.level === 40 && line.msg.startsWith('no room at /'))).toBe(true);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('a service manager that does not listen is a warning', async () => {
    const { code, signals, lines, ready } = run([], { notifySocket: '/nowhere/notify' });
    await ready();
    await expect.poll(() => lines.some((line) => line['code'] === 'agent.notify_failed')).toBe(true);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });
});
