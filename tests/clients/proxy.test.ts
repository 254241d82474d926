import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { AgentProcess } from './harness/agent.ts';
import { add, cnitool } from './harness/cnitool.ts';
import { must, run } from './harness/command.ts';
import { ROOT } from './harness/machine.ts';
import type { Network } from './harness/network.ts';
import { makeNamespace } from './harness/pod-namespace.ts';
import { eventually } from './harness/poll.ts';
import { ours, shared } from './harness/suite.ts';

ours();

const EXAMPLE = join(ROOT, 'examples', 'proxy-mode-python');
const PROTO = join(ROOT, 'plugins', 'proxy', 'proto');
const FILES = [
  'hawser/plugin/v1/plugin.proto',
  'hawser/network/v1/network.proto',
  'hawser/mode/v1/mode.proto',
  'hawser/ipam/v1/ipam.proto',
];

/** The mode in Python as a process of its own. */
class PythonMode {
  readonly #socket: string;
  readonly #stubs: string;
  #process: ChildProcess | undefined;

  private constructor(socket: string, stubs: string) {
    this.#socket = socket;
    this.#stubs = stubs;
  }

  /** Makes its stubs by the reference compiler of .proto files. */
  static async make(folder: string): Promise<PythonMode> {
    const stubs = join(folder, 'stubs');
    mkdirSync(stubs);
    await must('python-grpc', ['-m', 'grpc_tools.protoc', '-I', PROTO, `--python_out=${stubs}`, `--grpc_python_out=${stubs}`, ...FILES]);
    return new PythonMode(join(folder, 'ptp.sock'), stubs);
  }

  get address(): string {
    return `unix://${this.#socket}`;
  }

  /** Runs Python beside the mode, which it may import; what it prints. */
  python(code: string): Promise<string> {
    return must('python-grpc', ['-c', code], { env: { PYTHONPATH: `${this.#stubs}:${EXAMPLE}`, PYTHONDONTWRITEBYTECODE: '1' } });
  }

  async start(): Promise<void> {
    const child = spawn('python-grpc', [join(EXAMPLE, 'ptp.py'), this.#socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONPATH: this.#stubs, PYTHONDONTWRITEBYTECODE: '1' },
    });
    this.#process = child;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually('the mode in Python serves', async () => (said.includes('serving') ? true : undefined));
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Stopped, it keeps its connections and answers nothing. */
  freeze(frozen: boolean): void {
    this.#process?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }
}

const Reports = z.array(
  z.object({ uri: z.string(), status: z.string(), stability: z.string(), error: z.object({ code: z.string() }).optional() }),
);

interface Node extends AsyncDisposable {
  readonly network: Network;
  readonly agent: AgentProcess;
  readonly mode: PythonMode;
  /** How the agent lists the mode. */
  listed(): Promise<z.output<typeof Reports>[number] | undefined>;
}

const node = shared<Node>(['python-grpc', 'cnitool', 'ip', 'nsenter', 'ping'], async (folder) => {
  const mode = await PythonMode.make(folder);
  await mode.start();
  const tables = `
[plugins."hawser.attachments.v1.engine"]
default_mode = "ptp"

[plugins."hawser.ipam.v1.range"]
ranges = ["10.214.0.0/24"]
cooldown = "0s"

[proxy_plugins.ptp]
type = "hawser.mode.v1"
address = "${mode.address}"
health_interval = "200ms"
health_deadline = "300ms"

[proxy_plugins.ptp.config]
mtu = 1400
`;
  const agent = new AgentProcess(join(folder, 'a'), tables);
  await agent.start().catch(async (error: unknown) => {
    await mode.stop('SIGKILL');
    throw error;
  });
  const place = { name: 'hwtpy', binDir: join(folder, 'bin'), confDir: join(folder, 'net.d'), bridge: 'none' };
  for (const path of [place.binDir, place.confDir]) mkdirSync(path);
  await agent.install(place.binDir, place.confDir, place.name);
  const nothingLeft = async (): Promise<void> => {
    await eventually('no veth left', async () => ((await must('ip', ['-o', 'link', 'show', 'type', 'veth'])) === '' ? true : undefined));
    await eventually('no attachment left', async () => ((await agent.attachments()).length === 0 ? true : undefined));
    await eventually('no claim left', async () => ((await agent.claims()).length === 0 ? true : undefined));
  };
  const close = async (): Promise<void> => {
    await agent.stop();
    await mode.stop('SIGKILL');
  };
  const listed = async () => {
    const { stdout } = await agent.hawser('plugins', 'ls', '-o', 'json');
    return Reports.parse(JSON.parse(stdout)).find(({ uri }) => uri === 'hawser.mode.v1.ptp');
  };
  return { network: { ...place, nothingLeft, [Symbol.asyncDispose]: close }, agent, mode, listed, [Symbol.asyncDispose]: close };
});

const bare = (address: string | undefined): string => address?.split('/', 1)[0] ?? '';
const hasStatus = (status: string) =>
  eventually(`the mode is ${status}`, async () => ((await node().listed())?.status === status ? true : undefined));

test('a mode in Python is listed as every plugin is', async () => {
  expect(await node().listed()).toMatchObject({ uri: 'hawser.mode.v1.ptp', status: 'ok', stability: 'beta' });
});

test('a mode in Python attaches: ADD, ping, CHECK, DEL, which may be repeated', async () => {
  const { network } = node();
  await using pod = await makeNamespace();
  const { ips } = await add(network, pod.path);
  expect(ips.map(({ address }) => address)).toEqual([expect.stringMatching(/^10\.214\.0\.\d+\/24$/)]);
  expect(await pod.exec('ip', 'link', 'show', 'eth0')).toContain('mtu 1400');
  await must('ping', ['-c', '1', '-W', '5', bare(ips[0]?.address)]);
  expect((await cnitool(network, 'check', pod.path)).code).toBe(0);
  await pod.exec('ip', 'address', 'flush', 'dev', 'eth0');
  const damaged = await cnitool(network, 'check', pod.path);
  expect(damaged.code).not.toBe(0);
  expect(damaged.stdout + damaged.stderr).toContain(`has lost ${bare(ips[0]?.address)}`);
  for (let times = 0; times < 2; times++) expect((await cnitool(network, 'del', pod.path)).code).toBe(0);
  await network.nothingLeft();
});

test('a mode in Python that is killed is degraded, ADD says so, and all goes on when it is back', async () => {
  const { network, mode } = node();
  await using before = await makeNamespace();
  await using during = await makeNamespace();
  await add(network, before.path);
  await mode.stop('SIGKILL');
  await hasStatus('degraded');
  const refused = await cnitool(network, 'add', during.path);
  expect(refused.code).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain("can't be reached");
  await mode.start();
  await hasStatus('ok');
  await add(network, during.path);
  for (const pod of [before, during]) expect((await cnitool(network, 'del', pod.path)).code).toBe(0);
  await network.nothingLeft();
});

test('a mode in Python that hangs is degraded, and well again when it goes on', async () => {
  const { mode } = node();
  mode.freeze(true);
  await hasStatus('degraded');
  expect((await node().listed())?.error?.code).toMatch(/^proxy\.(deadline|unreachable)$/);
  mode.freeze(false);
  await hasStatus('ok');
});

const GIVEN_UP = `
import ptp
from hawser.mode.v1 import mode_pb2

class Context:
    def is_active(self):
        return False
    def abort(self, code, text):
        raise SystemExit(print(code.name))

ptp.ip = lambda *words, inside=None: print('ip', *words)
request = mode_pb2.AttachRequest()
request.attachment.netns = '/proc/self/ns/net'
ptp.Ptp().Attach(request, Context())
`;

test('a mode in Python makes nothing for a call that was given up before it had its turn', async () => {
  expect(await node().mode.python(GIVEN_UP)).toBe('CANCELLED\n');
});

test('the agent is killed in between, and the next one detaches what the mode in Python had attached', async () => {
  const { network, agent } = node();
  await using pod = await makeNamespace();
  await add(network, pod.path);
  await agent.stop('SIGKILL');
  await agent.start();
  await hasStatus('ok');
  expect((await cnitool(network, 'del', pod.path)).code).toBe(0);
  await network.nothingLeft();
});

test('the namespace is gone before DEL', async () => {
  const { network } = node();
  const pod = await makeNamespace();
  await add(network, pod.path);
  await pod.remove();
  expect((await cnitool(network, 'del', pod.path)).code).toBe(0);
  await network.nothingLeft();
  expect((await run('ip', ['-o', 'link', 'show', 'type', 'veth'])).stdout).toBe('');
});
