import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { JsonObject } from '@hawser/core';
import { openClient } from '@hawser/core/client';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const EXECUTABLE = join(ROOT, 'plugins', 'cni', 'dist', 'hawser-cni');

/** Why these tests can't run here; undefined where they can. */
export const missing: string | undefined = (() => {
  const has = (program: string) => ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, program)));
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  for (const program of ['ip', 'nft', 'nsenter', 'setpriv', 'ping']) if (!has(program)) return `needs ${program}`;
  return existsSync(EXECUTABLE) ? undefined : 'needs the compiled executable';
})();

/** How an agent ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A node of its own: a network namespace, an agent in it, and pods beside it. Everything has its name in its names. */
export class TestNode implements AsyncDisposable {
  readonly folder: string;
  readonly #name: string;
  #agent: ChildProcess | undefined;
  #ended: Promise<End> | undefined;
  readonly #pods = new Set<string>();

  private constructor(name: string, folder: string) {
    this.#name = name;
    this.folder = folder;
  }

  static async make(): Promise<TestNode> {
    await sweep();
    const folder = mkdtempSync(join(tmpdir(), `hwt-${process.pid}-`));
    const node = new TestNode(folder.slice(folder.lastIndexOf('/') + 1), folder);
    await run('ip', ['netns', 'add', node.#name]);
    await run('ip', ['-n', node.#name, 'link', 'set', 'lo', 'up']);
    writeFileSync(join(folder, 'config.toml'), node.#config());
    return node;
  }

  /** Starts the agent; resolves when it is ready. `point` is where it is to die. */
  async start(point?: string): Promise<void> {
    const agent = spawn(
      'setpriv', // a test run that is killed takes it along
      [
        ...['--pdeathsig', 'KILL', '--', 'nsenter'],
        `--net=/run/netns/${this.#name}`,
        process.execPath,
        '--conditions=hawser:source',
        join(ROOT, 'tests', 'crash', 'agent.ts'),
        join(this.folder, 'config.toml'),
        point ?? 'never',
      ],
      { stdio: ['ignore', 'inherit', 'pipe'] },
    );
    this.#agent = agent;
    this.#ended = new Promise((resolve) => agent.once('exit', (code, signal) => resolve({ code, signal })));
    let log = '';
    // However long it takes: the test's own bound ends that.
    await new Promise<void>((resolve, reject) => {
      agent.once('exit', () => reject(new Error(`the agent ended while it started:\n${log}`)));
      agent.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        log += chunk;
        if (log.includes('"msg":"ready"')) resolve();
      });
    });
  }

  /** Resolves when the agent has ended by itself. */
  ended(): Promise<End> {
    if (!this.#ended) throw new Error('no agent was started');
    return this.#ended;
  }

  /** From outside and at any moment. */
  signal(signal: NodeJS.Signals): void {
    this.#agent?.kill(signal);
  }

  /** `kill -9`, likewise. */
  async kill(): Promise<void> {
    this.#agent?.kill('SIGKILL');
    await this.ended();
  }

  async stop(): Promise<End> {
    this.#agent?.kill('SIGTERM');
    return this.ended();
  }

  /** Makes a pod's namespace; its path. */
  async pod(name: string): Promise<string> {
    const netns = `${this.#name}-${name}`;
    await run('ip', ['netns', 'add', netns]);
    this.#pods.add(netns);
    return `/run/netns/${netns}`;
  }

  /** Takes a pod's namespace away, whoever is at work in it. */
  async unpod(netns: string): Promise<void> {
    const name = netns.slice('/run/netns/'.length);
    await run('ip', ['netns', 'del', name]);
    this.#pods.delete(name);
  }

  /** Changes links, addresses and rules of the node behind the agent's back; what can't be changed is let be. */
  async meddle(program: 'ip' | 'nft', ...args: readonly string[]): Promise<void> {
    await run('ip', ['netns', 'exec', this.#name, program, ...args]).catch(() => {});
  }

  /** Executes the plugin as a runtime does; one that has lost its patience after `patienceMs` kills it. */
  async cni(
    command: 'ADD' | 'DEL' | 'CHECK' | 'GC',
    netns: string,
    containerId: string,
    extra: JsonObject = {},
    patienceMs = 60_000,
  ): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = spawn(EXECUTABLE, [], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: patienceMs,
      killSignal: 'SIGKILL',
      env: { CNI_COMMAND: command, CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: '/' },
    });
    child.stdin.on('error', () => {});
    child.stdin.end(
      JSON.stringify({
        cniVersion: '1.0.0',
        name: 'net',
        type: 'hawser-cni',
        socket: join(this.folder, 'state', 'cni.sock'),
        tombstones: join(this.folder, 'root', 'tombstones'),
        ...extra,
      }),
    );
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const output = await text(child.stdout);
    return { code: await exited, output };
  }

  /** What the agent's books hold. */
  async books() {
    const client = openClient({ socket: join(this.folder, 'state', 'hawser.sock') });
    const signal = AbortSignal.timeout(5_000);
    const [attachments, claims, leases, gc] = await Promise.all([
      client.attachments.list(signal),
      client.claims.list(signal),
      client.leases.list(signal),
      client.gc.status(signal),
    ]);
    return { attachments, claims, leases, condemned: gc.condemned };
  }

  /** Names of the links in the node's namespace that pods were given. */
  async hostLinks(): Promise<readonly string[]> {
    const { stdout } = await run('ip', ['-n', this.#name, '-j', 'link', 'show', 'type', 'veth']);
    return (JSON.parse(stdout || '[]') as readonly { readonly ifname?: string }[]).flatMap(({ ifname }) =>
      ifname === undefined ? [] : [ifname],
    );
  }

  /** Sources that are masqueraded. */
  async masqueraded(): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', this.#name, 'nft', 'list', 'ruleset']);
    return stdout;
  }

  async ping(netns: string, address: string): Promise<void> {
    await run('ip', ['netns', 'exec', netns.slice('/run/netns/'.length), 'ping', '-c1', '-W2', address]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.kill('SIGKILL');
    await this.#ended;
    for (const netns of [...this.#pods, this.#name]) await run('ip', ['netns', 'del', netns]).catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }

  #config(): string {
    return readFileSync(join(import.meta.dirname, 'config.toml'), 'utf8').replaceAll('FOLDER', this.folder);
  }
}

/** Removes what test runs that were killed have left; its name tells whose it was. */
async function sweep(): Promise<void> {
  const isLeft = (name: string): boolean => {
    const [, pid] = /^hwt-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  };
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of namespaces.filter(isLeft)) await run('ip', ['netns', 'del', name]).catch(() => {});
  for (const name of readdirSync(tmpdir()).filter(isLeft)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
}
