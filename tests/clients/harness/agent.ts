import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { must, type Outcome, run } from './command.ts';
import { ROOT } from './machine.ts';
import { Ended, eventually } from './poll.ts';

const HAWSER = join(ROOT, 'examples', 'agent', 'bin', 'hawser.js');

const AttachmentPage = z.object({
  items: z.array(
    z.object({
      containerId: z.string(),
      ifname: z.string(),
      ips: z.array(z.unknown()),
      pod: z.object({ namespace: z.string(), name: z.string(), uid: z.string().optional() }).optional(),
    }),
  ),
});
const Conflist = z.object({ plugins: z.array(z.looseObject({ type: z.string() })) });
const ClaimPage = z.object({
  items: z.array(z.object({ type: z.string(), key: z.string(), state: z.enum(['held', 'releasing', 'cooling']) })),
});

export type AttachmentRow = z.output<typeof AttachmentPage>['items'][number];
export type ClaimRow = z.output<typeof ClaimPage>['items'][number];

/** The reference agent as a process of its own, with folders of its own. */
export class AgentProcess {
  readonly #folder: string;
  readonly #config: string;
  readonly #state: string;
  #process: ChildProcess | undefined;

  /** `tables` is the part of the config under `[plugins…]`, as TOML. */
  constructor(folder: string, tables: string, state = join(folder, 'state')) {
    this.#folder = folder;
    this.#state = state;
    this.#config = join(folder, 'config.toml');
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.#config, `version = 1\nroot = "${join(folder, 'root')}"\nstate = "${state}"\n\n${tables}`);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it, by this Node.js unless told; resolves with the milliseconds until its ready line. */
  async start([program, ...begin]: readonly [string, ...string[]] = [process.execPath, HAWSER]): Promise<number> {
    const began = performance.now();
    const child = spawn(program, [...begin, '--config', this.#config, 'run'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    const log = createWriteStream(join(this.#folder, 'agent.log'), { flags: 'a' });
    let took: number | undefined;
    const read = (stream: Readable): void => {
      stream.on('data', (chunk: Buffer) => {
        log.write(chunk);
        if (/\bready\b/.test(chunk.toString())) took ??= performance.now() - began;
      });
    };
    read(child.stdout);
    read(child.stderr);
    child.on('close', () => log.end());
    return eventually('agent ready', async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Ended(`the agent ended: ${this.log()}`);
      return took;
    });
  }

  /** Ends it and waits for its end: SIGTERM drains, SIGKILL is a crash. Its exit code. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return null;
    const ended = new Promise<number | null>((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.on('exit', resolve) : resolve(child.exitCode),
    );
    child.kill(signal);
    return ended;
  }

  /** What it has logged last. */
  log(): string {
    return readFileSync(join(this.#folder, 'agent.log'), 'utf8').slice(-4000);
  }

  /** Runs the `hawser` command against it. */
  hawser(...args: readonly string[]): Promise<Outcome> {
    return run(process.execPath, [HAWSER, '--config', this.#config, ...args]);
  }

  /** Installs executable and conflist; the settings of the plugin that the conflist names. */
  async install(binDir: string, confDir: string, name: string): Promise<object> {
    await must(process.execPath, [
      HAWSER,
      '--config',
      this.#config,
      'cni',
      'install',
      '--bin-dir',
      binDir,
      '--conf-dir',
      confDir,
      '--name',
      name,
    ]);
    const file = readdirSync(confDir).find(
      (candidate) => candidate.endsWith('.conflist') && readFileSync(join(confDir, candidate), 'utf8').includes(`"${name}"`),
    );
    if (file === undefined) throw new Error(`cni install wrote no conflist for ${name} into ${confDir}`);
    const [plugin = {}] = Conflist.parse(JSON.parse(readFileSync(join(confDir, file), 'utf8'))).plugins;
    return plugin;
  }

  async attachments(): Promise<readonly AttachmentRow[]> {
    return AttachmentPage.parse(JSON.parse((await this.#get('/v1/attachments')).body)).items;
  }

  async claims(): Promise<readonly ClaimRow[]> {
    return ClaimPage.parse(JSON.parse((await this.#get('/v1/claims')).body)).items;
  }

  async #get(path: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: join(this.#state, 'hawser.sock'), path, timeout: 5000 }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
      });
      call.on('timeout', () => call.destroy(new Error(`${path}: no answer`)));
      call.on('error', reject).end();
    });
  }
}
