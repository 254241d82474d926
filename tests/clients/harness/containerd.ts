import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { must, type Outcome, run } from './command.ts';
import type { Network } from './network.ts';

const Inspection = z.object({
  status: z.object({
    state: z.string(),
    network: z.object({ ip: z.string(), additionalIps: z.array(z.object({ ip: z.string() })).nullish() }),
  }),
  info: z.object({
    runtimeSpec: z.object({ linux: z.object({ namespaces: z.array(z.object({ type: z.string(), path: z.string().optional() })) }) }),
  }),
});

/** A pod's sandbox, run through the CRI as the kubelet does. */
export interface Sandbox {
  readonly id: string;
  readonly ip: string;
  readonly netns: string;
}

/** A containerd of its own with CRI. */
export class Containerd {
  readonly #folder: string;
  readonly #network: Network;
  readonly #env: Readonly<Record<string, string>>;

  /** That of the distribution unless told which; `ctr` and the shim are taken from beside that one. */
  constructor(folder: string, network: Network, program?: string) {
    this.#folder = folder;
    this.#network = network;
    this.#env = program === undefined ? {} : { HAWSER_CONTAINERD: program };
  }

  /** Starts it, or starts it again after a crash. */
  async start(): Promise<void> {
    const { binDir, confDir } = this.#network;
    const { code, stderr } = await run('cni-lab', ['containerd', 'start', this.#folder, binDir, confDir], { env: this.#env });
    if (code !== 0) throw new Error(`containerd did not start: ${stderr}`);
  }

  /** Removes all pods and ends it. */
  async stop(): Promise<void> {
    await must('cni-lab', ['containerd', 'stop', this.#folder], { env: this.#env });
  }

  /** As a crash: what it had started goes on. */
  kill(): void {
    process.kill(Number(readFileSync(join(this.#folder, 'pid'), 'utf8')), 'SIGKILL');
  }

  get socket(): string {
    return join(this.#folder, 'containerd.sock');
  }

  crictl(...args: readonly string[]): Promise<Outcome> {
    return run('crictl', ['-c', join(this.#folder, 'crictl.yaml'), ...args], { timeoutMs: 90_000 });
  }

  /** RunPodSandbox, as it comes out. */
  runPod(name: string, pod: object = {}): Promise<Outcome> {
    const file = join(this.#folder, `${name}.json`);
    writeFileSync(
      file,
      JSON.stringify({
        metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 },
        log_directory: this.#folder,
        linux: {},
        ...pod,
      }),
    );
    return this.crictl('runp', file);
  }

  /** RunPodSandbox that has to succeed. */
  async sandbox(name: string, pod: object = {}): Promise<Sandbox> {
    const { code, stdout, stderr } = await this.runPod(name, pod);
    if (code !== 0) throw new Error(`RunPodSandbox: ${stderr}`);
    const id = stdout.trim();
    const { status, info } = Inspection.parse(JSON.parse(await this.#ok('inspectp', id)));
    const netns = info.runtimeSpec.linux.namespaces.find((namespace) => namespace.type === 'network')?.path ?? '';
    return { id, ip: status.network.ip, netns };
  }

  async #ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.crictl(...args);
    if (code !== 0) throw new Error(`crictl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async stopPod(id: string): Promise<void> {
    await this.#ok('stopp', id);
  }

  async removePod(id: string): Promise<void> {
    await this.#ok('rmp', id);
  }
}
