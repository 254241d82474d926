import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { simulatedConfig } from './simulated-agent.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const LAUNCHER = join(import.meta.dirname, '..', 'bin', 'hawser.js');

const BUILT = join(import.meta.dirname, '..', 'dist', 'main.js');

const children = new Set<ChildProcess>();

/** The command as the launcher starts it, from the sources. */
function start(argv: readonly string[], options: { readonly uid?: number; readonly env?: NodeJS.ProcessEnv } = {}): ChildProcess {
  const child = spawn(process.execPath, ['--conditions=hawser:source', '--disable-warning=ExperimentalWarning', MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  children.add(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const [out, err] = [child.stdout, child.stderr].map((stream) => (stream === null ? Promise.resolve('') : text(stream)));
  const [code] = await once(child, 'exit');
  return { code, out: (await out) ?? '', err: (await err) ?? '' };
}

const hawser = (...argv: string[]) => ended(start(argv));

/** Collects the log until a line has this message. */
async function logged(child: ChildProcess, message: string): Promise<Record<string, unknown>> {
  let seen = '';
  for await (const chunk of child.stderr ?? []) {
    seen += chunk;
    const line = seen.split('\n').find((one) => one.includes(`"msg":"${message}"`));
    if (line !== undefined) return JSON.parse(line);
  }
  return expect.fail(`no line says ${message}:\n${seen}`);
}

afterEach(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  children.clear();
});

// Each word of the command line is a process: a dozen in one test, seconds each on a machine that has other work.
describe('an agent of its own folders', { timeout: 60_000 }, () => {
  let folder: string;
  let config: string;
  let agent: ChildProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hwt-hawser-'));
    await chmod(folder, 0o711);
    config = join(folder, 'config.toml');
    await writeFile(config, simulatedConfig(folder));
    agent = start(['run', '--config', config]);
    children.delete(agent);
    agent.stderr?.setEncoding('utf8');
    await logged(agent, 'ready');
  });
  afterAll(async () => {
    agent.kill('SIGTERM');
    const [code] = await once(agent, 'exit');
    expect(code).toBe(0);
    expect(existsSync(join(folder, 'state/hawser.sock'))).toBe(false);
    await rm(folder, { recursive: true });
  });

  const json = async (...argv: string[]) => {
    const { code, out, err } = await hawser('--config', config, '-o', 'json', ...argv);
    expect([code, err]).toEqual([0, '']);
    return out === '' ? undefined : JSON.parse(out);
  };

  test('plugins have the promised shape', async () => {
    const rows = await json('plugins', 'ls');
    expect(rows).toContainEqual(
      expect.objectContaining({
        uri: 'hawser.metadata.v1.lmdb',
        type: 'hawser.metadata.v1',
        id: 'lmdb',
        stability: 'beta',
        status: 'ok',
        startMs: expect.any(Number),
        requires: ['hawser.paths.v1', 'hawser.metrics.v1 (optional)'],
        provides: 'hawser.metadata.v1',
      }),
    );
    expect(rows.filter((row: { status: string }) => row.status === 'failed')).toEqual([]);
  });

  test('leases are made, listed, renewed and deleted', async () => {
    const made = await json('leases', 'create', 'cli', '--expires', '10m', '--label', 'a=b', '--label', 'c=d');
    expect(made).toMatchObject({ id: 'cli', namespace: 'default', labels: { a: 'b', c: 'd' }, resources: [] });
    expect(Date.parse(made.expiresAt) - Date.parse(made.createdAt)).toBe(600_000);
    expect(await json('leases', 'ls', 'labels.a==b')).toHaveLength(1);
    expect(await json('leases', 'ls', 'labels.a==x')).toEqual([]);
    expect((await hawser('--config', config, 'leases', 'create', 'cli')).code).toBe(1);
    expect(Date.parse((await json('leases', 'renew', 'cli', '--expires', '1h')).expiresAt)).toBeGreaterThan(Date.parse(made.expiresAt));
    expect((await json('leases', 'add', 'cli', 'claim/address/10.0.0.9')).resources).toEqual([{ type: 'claim', key: 'address/10.0.0.9' }]);
    expect((await json('leases', 'remove', 'cli', 'claim/address/10.0.0.9')).resources).toEqual([]);
    expect((await hawser('--config', config, 'leases', 'add', 'cli', 'nothing')).code).toBe(2);
    expect((await hawser('--config', config, 'leases', 'delete', 'cli', '--sync')).code).toBe(0);
    expect((await hawser('--config', config, 'snapshots', 'usage', 'thing/none')).code).toBe(4);
    expect((await hawser('--config', config, 'leases', 'show', 'cli')).code).toBe(4);
    expect((await hawser('--config', config, 'leases', 'create', 'no/slash')).code).toBe(2);
  });

  test('events tell of it, from the start, followed and not', async () => {
    const { out } = await hawser('--config', config, '-o', 'json', 'events', '--from', 'start', 'topic~=^/leases/');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      cursor: expect.any(String),
      timestamp: expect.stringMatching(/Z$/),
      namespace: 'default',
      topic: '/leases/created',
      type: 'leases.created',
      data: { id: 'cli' },
    });
    const follower = start(['--config', config, 'events', '--follow', '--from', '30m', 'topic==/leases/created,data.id==later']);
    const line = once(follower.stdout ?? expect.fail(), 'data');
    await json('leases', 'create', 'later');
    expect(String((await line)[0])).toContain('/leases/created');
    follower.kill('SIGINT');
    expect((await once(follower, 'exit'))[0]).toBe(130);
    await hawser('--config', config, 'leases', 'delete', 'later');
  });

  test('snapshots, claims and attachments are empty lists; gc has nothing to do', async () => {
    for (const what of ['snapshots', 'claims', 'attachments']) expect(await json(what, 'ls')).toEqual([]);
    const { code, out } = await hawser('--config', config, '-o', 'json', 'gc', 'run', '--dry-run');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ removed: [], kept: expect.any(Number), failed: [], durationMs: expect.any(Number) });
    expect(await json('gc', 'status')).toMatchObject({ running: false, condemned: [] });
    expect((await hawser('--config', config, 'attachments', 'detach', 'nobody', 'eth0')).code).toBe(4);
  });

  test('a store is copied while in use, checked and restored while not', async () => {
    const backup = join(folder, 'backup');
    expect((await hawser('--config', config, 'db', 'backup', backup)).code).toBe(0);
    expect(await json('db', 'stats')).toMatchObject({ root: { entries: expect.any(Number) } });
    expect(await hawser('--config', config, 'db', 'check')).toMatchObject({ code: 1, err: expect.stringContaining('[metadata.locked]') });
    const other = join(folder, 'other.toml');
    await writeFile(other, simulatedConfig(join(folder, 'other')));
    expect((await hawser('--config', other, 'db', 'restore', backup)).code).toBe(0);
    const { code, out } = await hawser('--config', other, '-o', 'json', 'db', 'check');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { store: 'root', status: 'sound' },
      { store: 'state', status: 'absent' },
    ]);
  });

  test('a second agent is refused', async () => {
    expect(await hawser('run', '--config', config)).toMatchObject({ code: 1, err: expect.stringContaining('[api.socket_in_use]') });
  });

  test('a reader that has enough ends the command quietly', async () => {
    const child = start(['--config', config, 'events', '--from', 'start', '--follow']);
    await once(child.stdout ?? expect.fail(), 'data');
    const exit = once(child, 'exit');
    child.stdout?.destroy();
    await json('leases', 'create', 'pipe');
    await hawser('--config', config, 'leases', 'delete', 'pipe');
    expect((await exit)[0]).toBe(0);
  });
});

describe('without rights and without config', () => {
  test('a config that is not valid: all faults at once, exit 2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-hawser-'));
    const config = join(folder, 'c.toml');
    await writeFile(config, 'version = 1\nrooot = "/x"\n[plugins."hawser.metadata.v1.lmbd"]\n');
    const { code, err } = await hawser('run', '--config', config);
    expect(code).toBe(2);
    expect(err).toMatch(/rooot[\s\S]*root[\s\S]*lmbd[\s\S]*lmdb/);
    await rm(folder, { recursive: true });
  });

  test('another user is told what to do', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'needs root to become another user');
    const folder = await mkdtemp(join(tmpdir(), 'hwt-hawser-'));
    await chmod(folder, 0o755);
    const config = join(folder, 'c.toml');
    await writeFile(config, simulatedConfig(folder));
    await chmod(config, 0o644);
    expect(await ended(start(['run', '--config', config], { uid: 65_534 }))).toMatchObject({
      code: 1,
      err: expect.stringContaining('set `root` and `state` in the config'),
    });
    const doctor = await ended(start(['doctor', '--config', config], { uid: 65_534 }));
    expect([doctor.code, doctor.err]).toEqual([1, '']);
    expect(doctor.out).toMatch(/root folder +fail/);
    expect(doctor.out).not.toMatch(/privileges|kernel/); // nothing of this config asks the kernel
    await writeFile(config, 'version = 1\n');
    const onKernel = await ended(start(['doctor', '--config', config], { uid: 65_534 }));
    expect(onKernel.out).toMatch(/privileges +fail/);
    await rm(folder, { recursive: true });
  });
});

describe('the launcher', () => {
  test('hands over words, exit code and output', async ({ skip }) => {
    skip(!existsSync(BUILT), 'needs the built packages');
    const child = spawn(process.execPath, [LAUNCHER, 'leases', 'ls', '--socket', '/nowhere/s'], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    expect(await ended(child)).toMatchObject({ code: 3, out: '' });
  });

  test('an agent that is told to reload while its code is loaded goes on starting', async ({ skip }) => {
    skip(!existsSync(BUILT), 'needs the built packages');
    const folder = await mkdtemp(join(tmpdir(), 'hwt-hawser-'));
    try {
      const config = join(folder, 'config.toml');
      await writeFile(config, simulatedConfig(folder));
      const early = `const module = process.getBuiltinModule('module');
        module.enableCompileCache = () => process.kill(process.pid, 'SIGHUP');
        module.syncBuiltinESMExports();`;
      const preload = ['--import', `data:text/javascript,${encodeURIComponent(early)}`];
      const child = spawn(process.execPath, [...preload, LAUNCHER, 'run', '--config', config], { stdio: ['ignore', 'inherit', 'pipe'] });
      children.add(child);
      await logged(child, 'ready');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
