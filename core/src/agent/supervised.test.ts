import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnyPlugin, definePlugin, type StatusReporter } from '../plugin/index.ts';
import { Health } from '../telemetry/health.ts';
import { openAgentFolder, type TestFolder, Thing } from './run-agent.fixture.ts';
import { watchdogMs } from './service-manager.ts';

const never = new AbortController().signal;

let agent: TestFolder;
beforeEach(async () => {
  agent = await openAgentFolder();
});
afterEach(() => agent[Symbol.asyncDispose]());

/** Ready when told, with the word that it has. */
function later(): { readonly plugin: AnyPlugin; readonly word: () => StatusReporter } {
  let word: StatusReporter | undefined;
  const plugin = definePlugin({
    provides: Thing,
    id: 'later',
    summary: 'Is ready later.',
    start: ({ status, log }) => {
      word = status;
      status.pending('waits for the cloud');
      log.debug('a word of its own');
      return { ok: true } as const;
    },
  });
  return { plugin, word: () => word ?? expect.fail('it did not start') };
}

const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', ' | '), flush=True)
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Stands for the service manager: a process that prints what it is told. */
async function listen(): Promise<{ readonly address: string; readonly told: string[]; readonly process: ChildProcess }> {
  const address = join(agent.folder, 'notify');
  const process = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const told: string[] = [];
  const lines = createInterface({ input: process.stdout });
  lines.on('line', (line) => told.push(line));
  await once(lines, 'line');
  told.length = 0;
  return { address, told, process };
}

describe('an agent with a plugin that is ready later', () => {
  test('answers at its socket, is not ready, and says so; it is ready with the last plugin', async () => {
    const { plugin, word } = later();
    const { code, signals, lines, client, ready } = agent.run([plugin]);
    await expect.poll(() => lines.some(({ msg }) => msg.startsWith('plugin is not ready yet: waits for the cloud'))).toBe(true);
    await expect.poll(() => client.version(never)).toMatchObject({ ready: false, phase: 'starting' });
    expect(await client.plugins(never)).toContainEqual(
      expect.objectContaining({ uri: 'test.thing.v1.later', status: 'pending', reason: 'waits for the cloud' }),
    );
    await expect.poll(() => client.leases.list(never).catch(() => undefined)).toEqual([]);
    expect(lines.some(({ msg }) => msg === 'ready')).toBe(false);
    word().ok();
    await ready();
    expect(await client.version(never)).toMatchObject({ ready: true });
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('stops at SIGTERM without ever having been ready', async () => {
    const { plugin } = later();
    const { code, signals, lines, client } = agent.run([plugin]);
    await expect.poll(() => client.leases.list(never).catch(() => undefined)).toEqual([]);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    expect(lines.some(({ msg }) => msg === 'ready')).toBe(false);
    expect(lines.at(-1)?.msg).toBe('stopped');
  });
});

describe('under a service manager', () => {
  test('an agent that only a new start would mend gives no more signs of life', async ({ skip }) => {
    skip(process.platform !== 'linux', 'the protocol is of Linux');
    skip(!hasPython(), 'python3, which stands for the service manager, is not installed');
    const manager = await listen();
    const health = { isLive: true, asked: 0 };
    const answer = () => ({ ok: health.isLive, checks: [] });
    const live = () => {
      health.asked++;
      return answer();
    };
    const plugin = definePlugin({
      provides: Health,
      id: 'fake',
      summary: 'Says what the test says.',
      start: () => ({ live, ready: answer, healthy: answer, onChange: () => ({ [Symbol.dispose]: () => undefined }) }),
    });
    const watchdog = { usec: '40000', pid: String(process.pid) };
    const { code, signals, ready } = agent.run([plugin], { notifySocket: manager.address, watchdog });
    const signsOfLife = () => manager.told.filter((line) => line === 'WATCHDOG=1').length;
    await ready();
    await expect.poll(() => health.asked).toBeGreaterThan(2);
    await expect.poll(signsOfLife).toBeGreaterThan(2);
    health.isLive = false;
    const [until, asked] = [signsOfLife(), health.asked];
    await expect.poll(() => health.asked).toBeGreaterThan(asked + 5);
    expect(signsOfLife()).toBeLessThanOrEqual(until + 1);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    manager.process.kill();
  });

  test('READY comes with the last plugin, RELOADING and READY around a reload, STOPPING at the end, and signs of life all the while', async ({
    skip,
  }) => {
    skip(process.platform !== 'linux', 'the protocol is of Linux');
    skip(!hasPython(), 'python3, which stands for the service manager, is not installed');
    const manager = await listen();
    const { plugin, word } = later();
    const watchdog = { usec: '100000', pid: String(process.pid) };
    const { code, signals, said, ready } = agent.run([plugin], { notifySocket: manager.address, watchdog });
    const notices = () => manager.told.filter((line) => line !== 'WATCHDOG=1');
    await said('plugin is not ready yet');
    await expect.poll(() => manager.told.filter((line) => line === 'WATCHDOG=1').length).toBeGreaterThan(2);
    expect(notices()).toEqual([]);
    word().ok();
    await ready();
    await agent.write('nonsense = 1\n');
    signals.emit('SIGHUP', 'SIGHUP');
    await said('the config was not reloaded');
    await agent.write('');
    signals.emit('SIGHUP', 'SIGHUP');
    await said('the config was reloaded');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    await expect.poll(() => notices().length).toBe(6);
    const reloading = expect.stringMatching(/^RELOADING=1 \| MONOTONIC_USEC=\d+ \| STATUS=reloading the config$/);
    expect(notices()).toEqual([
      expect.stringMatching(/^READY=1 \| STATUS=\d+ plugins serve \| MAINPID=\d+$/),
      reloading,
      'READY=1 | STATUS=the config was rejected',
      reloading,
      'READY=1 | STATUS=the config was reloaded',
      'STOPPING=1 | STATUS=stopping: received SIGTERM',
    ]);
    manager.process.kill();
  });

  test('a watchdog is fed only where it is asked of this process', () => {
    const own = String(process.pid);
    expect(watchdogMs('30000000', own)).toBe(30_000);
    expect(watchdogMs('30000000', undefined)).toBe(30_000);
    for (const [usec, pid] of [
      [undefined, own],
      ['', own],
      ['30000000', '1'],
      ['soon', own],
      ['-5', own],
      ['0', own],
    ] as const) {
      expect(watchdogMs(usec, pid)).toBeUndefined();
    }
  });
});

describe('the log of one plugin', () => {
  test('is raised while the agent runs, also for the next start, and taken back', async () => {
    let say = (): void => undefined;
    const talker = definePlugin({
      provides: Thing,
      id: 'talker',
      summary: 'Talks.',
      start: ({ log }) => {
        say = () => log.trace('a whisper');
        return { ok: true } as const;
      },
    });
    const { code, signals, lines, client, ready } = agent.run([talker]);
    await ready();
    const heard = () => lines.filter(({ msg }) => msg === 'a whisper').length;
    say();
    expect(heard()).toBe(0);
    expect(await client.setLogLevel('test.thing.v1.talker', 'trace', never)).toMatchObject({ logLevel: 'trace' });
    say();
    expect(heard()).toBe(1);
    expect(lines.some(({ level, plugin }) => level === 10 && plugin !== 'test.thing.v1.talker')).toBe(false);
    expect(await client.setLogLevel('test.thing.v1.talker', null, never)).not.toHaveProperty('logLevel');
    say();
    expect(heard()).toBe(1);
    await expect(client.setLogLevel('test.thing.v1.talkr', 'trace', never)).rejects.toMatchObject({ kind: 'NotFound' });
    await expect(client.setLogLevel('test.thing.v1.talker', 'loud', never)).rejects.toMatchObject({ code: 'api.bad_request' });
    signals.emit('SIGTERM', 'SIGTERM');
    await code;
  });
});

describe('a plugin of a running agent', () => {
  test('that is degraded and recovers is told by events, once for each change', async () => {
    const { plugin, word } = later();
    const { code, signals, client, ready } = agent.run([plugin]);
    await expect.poll(() => client.leases.list(never).catch(() => undefined)).toEqual([]);
    word().ok();
    await ready();
    word().degraded(new Error('the cloud is slow'));
    word().degraded(new Error('the cloud is slow'));
    word().ok();
    const told = () => Array.fromAsync(client.events({ follow: false, topics: ['/plugins'], from: 'start', signal: never }));
    await expect.poll(async () => (await told()).length).toBe(3);
    expect(await told()).toMatchObject([
      { topic: '/plugins/changed', data: { uri: 'test.thing.v1.later', before: 'pending', status: 'ok' } },
      { data: { before: 'ok', status: 'degraded', error: { message: 'the cloud is slow' } } },
      { data: { before: 'degraded', status: 'ok' } },
    ]);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });
});
