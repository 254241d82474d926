import { join } from 'node:path';
import { must, type Outcome, run } from './command.ts';
import type { Network } from './network.ts';
import { eventually } from './poll.ts';

const START_MS = 180_000;

/** A Kubernetes of one node: etcd, kube-apiserver, scheduler, kubelet and containerd, as kube-lab starts them. */
export class Kubernetes {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(folder: string, network: Network) {
    this.#folder = folder;
    this.#env = { HAWSER_CNI_CONF: network.confDir, HAWSER_CNI_BIN: network.binDir };
  }

  async start(): Promise<void> {
    await must('kube-lab', ['start', this.#folder, 'scheduler'], { timeoutMs: START_MS });
    await must('kube-lab', ['kubelet', this.#folder], { env: this.#env, timeoutMs: START_MS });
    await this.nodeReady();
  }

  /** Waits until the kubelet has registered its node and calls it ready. */
  async nodeReady(): Promise<void> {
    await eventually('node registered', async () => this.ok('get', 'node', 'lab-node'));
    await this.ok('wait', '--for=condition=Ready', 'node/lab-node', '--timeout=60s');
  }

  /** Deletes all pods through the kubelet and ends everything. */
  async stop(): Promise<void> {
    await run('kube-lab', ['stop', this.#folder], { timeoutMs: START_MS });
  }

  /** Crashes a program and starts it again. A kubelet that finds no containerd at its start would give up. */
  async crash(program: 'containerd' | 'kubelet'): Promise<void> {
    await must('kube-lab', ['restart', this.#folder, program, 'KILL'], { timeoutMs: START_MS });
    if (program === 'containerd')
      await eventually('containerd serves', () => must('ctr', ['-a', join(this.#folder, 'ctrd', 'c.sock'), 'version']));
    await this.nodeReady();
  }

  kubectl(args: readonly string[], input?: string): Promise<Outcome> {
    return run('kubectl', ['--kubeconfig', join(this.#folder, 'kubeconfig'), ...args], {
      timeoutMs: 120_000,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** A kubectl call that has to succeed. */
  async ok(...args: readonly string[]): Promise<string> {
    return this.#succeed(args);
  }

  /** Creates pods of busybox and waits until they run; their addresses. */
  async runPods(...names: readonly string[]): Promise<readonly string[]> {
    const containers = [
      { name: 'main', image: 'lab.local/busybox:1', imagePullPolicy: 'Never', command: ['/bin/busybox', 'sleep', '100000'] },
    ];
    const items = names.map((name) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers, terminationGracePeriodSeconds: 1, automountServiceAccountToken: false },
    }));
    await this.#succeed(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await this.ok('wait', '--for=condition=Ready', ...names.map((name) => `pod/${name}`), '--timeout=90s');
    return Promise.all(names.map((name) => this.ok('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')));
  }

  /** Runs a busybox applet inside a pod. */
  exec(pod: string, ...command: readonly string[]): Promise<string> {
    return this.ok('exec', pod, '--', '/bin/busybox', ...command);
  }

  async #succeed(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }
}
