import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import attachments from '@hawser/attachments';
import { type AnyPlugin, systemContext, toHawserError } from '@hawser/core';
import { type Agent, corePlugins, runAgent } from '@hawser/core/agent';
import { Attachments, Claims, Host, Metadata, Metrics } from '@hawser/core/contracts';
import { attachmentErrors, type AttachmentRequest } from '@hawser/core/network';
import { fakePlugin } from '@hawser/core/testing';
import ptp from '@hawser/example-custom-mode';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import bridge from '@hawser/mode-bridge';
import prometheusMetrics from '@hawser/plugin-metrics';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const RANGE = 'hawser.ipam.v1.range';
const BRIDGE = 'hawser.mode.v1.bridge';
const METRICS = 'hawser.metrics.v1.prometheus';
const ENGINE = 'hawser.attachments.v1.engine';

/** What a call is told that meets an engine on its way out, or none. */
const REPEATABLE: ReadonlySet<string> = new Set(['attachments.draining', 'attachments.not_ready']);

interface Wanted {
  readonly ranges?: string;
  readonly mtu?: number;
  readonly ptp?: boolean;
  readonly defaultMode?: string;
  readonly metrics?: boolean;
}

/** An agent of the real core, engine, address plugin and modes on a simulated kernel, with a config file. */
class Node implements AsyncDisposable {
  readonly kernel = new SimulatedKernel({ context: systemContext });
  readonly #folder: string;
  readonly #signals = new EventEmitter();
  #code: Promise<number> | undefined;
  #agent: Agent | undefined;
  #pods = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get agent(): Agent {
    return this.#agent ?? expect.fail('the agent is not ready');
  }

  get engine(): Attachments {
    return this.agent.get(Attachments) ?? fail();
  }

  async write({ ranges = '10.88.0.0/16', mtu = 0, ptp = false, defaultMode = 'bridge', metrics = true }: Wanted): Promise<void> {
    const tables = [
      `version = 1\nroot = "${this.#folder}/root"\nstate = "${this.#folder}/state"`,
      `disabled = [${metrics ? '' : `"${METRICS}"`}]`,
      `[plugins."${ENGINE}"]\ndefault_mode = "${defaultMode}"`,
      `[plugins."${RANGE}"]\nranges = ["${ranges}"]`,
      `[plugins."${BRIDGE}"]\nis_gateway = true\nmtu = ${mtu}`,
      ...(ptp ? ['[plugins."hawser.mode.v1.ptp"]'] : []),
    ];
    await writeFile(join(this.#folder, 'config.toml'), tables.join('\n'));
  }

  async start(): Promise<void> {
    const host = openSimulatedHost(this.kernel);
    const plugins: readonly AnyPlugin[] = [
      ...corePlugins,
      fakePlugin(Host, 'simulated', host),
      prometheusMetrics,
      range,
      bridge,
      ptp,
      attachments,
    ];
    const ready = Promise.withResolvers<Agent>();
    this.#code = runAgent({
      name: 'test',
      version: '1',
      plugins,
      configFile: join(this.#folder, 'config.toml'),
      configMissingOk: false,
      context: systemContext,
      log: pino({ level: 'silent' }),
      signals: this.#signals,
      notifySocket: undefined,
      exit: () => undefined,
      onReady: async (agent) => ready.resolve(agent),
    });
    this.#code.catch(ready.reject);
    this.#agent = await ready.promise;
  }

  /** A container with a namespace of its own. */
  pod(mode?: string): AttachmentRequest {
    const containerId = `pod${this.#pods++}`;
    const netns = `/run/netns/${containerId}`;
    this.kernel.createNamespace(netns);
    return {
      containerId,
      ifname: 'eth0',
      netns,
      network: { name: 'net', settings: {}, capabilities: {}, ...(mode === undefined ? {} : { mode }) },
      staticIps: [],
    };
  }

  /** Addresses that somebody has. */
  held(): readonly string[] {
    const [claims, metadata] = [this.agent.get(Claims), this.agent.get(Metadata)];
    const all = metadata?.read('state', (tx) => [...(claims?.list(tx) ?? [])]) ?? expect.fail('there is no store');
    return all.filter(({ state }) => state !== 'cooling').map(({ key }) => key);
  }

  /** Names of the node's own links. */
  async links(): Promise<readonly string[]> {
    using host = openSimulatedHost(this.kernel);
    return (await host.own.links()).map(({ name }) => name).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signals.emit('SIGTERM', 'SIGTERM');
    await this.#code;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function fail(): never {
  throw attachmentErrors.notReady('the engine does not serve');
}

const call = () => ({ signal: new AbortController().signal, requestId: 'test' });

let node: Node;
beforeEach(async () => {
  node = new Node(await mkdtemp(join(tmpdir(), 'hwt-reload-')));
  await node.write({});
  await node.start();
});
afterEach(() => node[Symbol.asyncDispose]());

const add = async (request: AttachmentRequest) => node.engine.attach(request, call());
const addressOf = (result: Awaited<ReturnType<typeof add>>): string => result.ips[0]?.address ?? '';

const modesOf = (engine: Attachments): readonly string[] =>
  engine
    .list()
    .map(({ mode }) => mode)
    .toSorted();

describe('a reload under attachments', () => {
  test('changes a range and a bridge’s default and adds a mode without restarting the engine; all attachments stay', async () => {
    const { engine } = node;
    const old = node.pod();
    expect(addressOf(await add(old))).toBe('10.88.0.2/16');
    await node.write({ ranges: '10.99.0.0/24', mtu: 1400, ptp: true });
    const { steps } = await node.agent.reload({ dryRun: false });
    expect(steps.map(({ uri, action }) => `${action} ${uri}`)).toEqual([
      `reconfigure ${RANGE}`,
      `reconfigure ${BRIDGE}`,
      'start hawser.mode.v1.ptp',
    ]);
    expect(node.engine).toBe(engine);
    await engine.check({ ...old, network: 'net' }, call());
    const result = await add(node.pod());
    expect(addressOf(result)).toBe('10.99.0.2/24');
    expect(result.interfaces.find(({ name }) => name === 'eth0')).toMatchObject({ mtu: 1400 });
    const routed = node.pod('ptp');
    expect(addressOf(await add(routed))).toMatch(/^10\.99\.0\.3\//);
    await engine.detach({ ...old, network: 'net' }, call());
    // A link goes some time after its container has been silenced.
    await expect.poll(() => modesOf(engine)).toEqual(['bridge', 'ptp']);
  });

  test('turns metrics off and on again and restarts nobody else: attachments stay up, calls go on, and are counted again', async () => {
    const { engine } = node;
    const old = node.pod();
    await add(old);
    const counted = async (): Promise<number> => {
      const page = await node.agent.get(Metrics)?.expose();
      return Number(/^hawser_attachments_calls_total\{verb="attach",.*code="ok".*\} (\d+)$/m.exec(page?.text ?? '')?.[1] ?? 0);
    };
    expect(await counted()).toBe(1);
    for (let round = 0; round < 3; round++) {
      await node.write({ metrics: false });
      expect((await node.agent.reload({ dryRun: false })).steps).toMatchObject([{ action: 'stop', uri: METRICS }]);
      expect(node.agent.get(Metrics)).toBeUndefined();
      await add(node.pod());
      await node.write({});
      expect((await node.agent.reload({ dryRun: false })).steps).toMatchObject([{ action: 'start', uri: METRICS }]);
      await add(node.pod());
      expect(await counted()).toBe(1);
    }
    expect(node.engine).toBe(engine);
    await engine.check({ ...old, network: 'net' }, call());
    const page = await node.agent.get(Metrics)?.expose();
    expect(page?.text).toMatch(/^hawser_attachments_known_attachments\{.*\} 7$/m);
    expect(page?.text).toMatch(/^hawser_metadata_known_records\{store="state"\} [1-9]/m);
  });

  test('while containers come and go fails none of them', async () => {
    let reloads = 0;
    const churn = async (): Promise<number> => {
      let count = 0;
      while (reloads < 6) {
        const pod = node.pod();
        await add(pod);
        await node.engine.check({ ...pod, network: 'net' }, call());
        await node.engine.detach({ ...pod, network: 'net' }, call());
        count++;
      }
      return count;
    };
    const work = Promise.all([churn(), churn(), churn()]);
    for (; reloads < 6; reloads++) {
      await node.write({ ranges: reloads % 2 === 0 ? '10.99.0.0/16' : '10.88.0.0/16', mtu: 1300 + reloads, ptp: reloads % 2 === 0 });
      const { steps } = await node.agent.reload({ dryRun: false });
      expect(steps).toHaveLength(3);
    }
    const counts = await work;
    expect(Math.min(...counts)).toBeGreaterThan(0);
    await expect.poll(() => node.engine.list()).toEqual([]);
  });

  test('that restarts the engine itself leaves attachments, their claims and the kernel as they were', async () => {
    const { engine } = node;
    const old = node.pod();
    await add(old);
    await node.write({ ptp: true, defaultMode: 'ptp' });
    const { steps } = await node.agent.reload({ dryRun: false });
    expect(steps.map(({ uri, action }) => `${action} ${uri}`)).toContain(`restart ${ENGINE}`);
    expect(node.engine).not.toBe(engine);
    await node.engine.check({ ...old, network: 'net' }, call());
    const fresh = node.pod();
    await add(fresh);
    expect(modesOf(node.engine)).toEqual(['bridge', 'ptp']);
    await node.engine.detach({ ...old, network: 'net' }, call());
  });

  test('that restarts the engine in the midst of calls leaves nothing behind: each is answered, and can be repeated', async () => {
    let reloads = 0;
    const told = new Set<string>();
    const trying = async (work: () => Promise<unknown>): Promise<boolean> =>
      work().then(
        () => true,
        (error: unknown) => {
          told.add(toHawserError(error).code);
          return false;
        },
      );
    const churn = async (): Promise<void> => {
      while (reloads < 8) {
        const pod = node.pod();
        await trying(() => add(pod));
        // As a runtime does: DEL until it succeeds, whatever became of ADD.
        while (!(await trying(async () => node.engine.detach({ ...pod, network: 'net' }, call())))) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    const work = Promise.all([churn(), churn(), churn(), churn()]);
    for (; reloads < 8; reloads++) {
      await node.write({ ptp: true, defaultMode: reloads % 2 === 0 ? 'ptp' : 'bridge' });
      expect((await node.agent.reload({ dryRun: false })).steps).toContainEqual(
        expect.objectContaining({ uri: ENGINE, action: 'restart' }),
      );
    }
    await work;
    // What an engine could not undo before it stopped is undone by collection, which backs off where it fails.
    const patience = { timeout: 15_000 };
    await expect.poll(() => node.engine.list(), patience).toEqual([]);
    await expect.poll(() => node.held(), patience).toEqual([]);
    await expect.poll(() => node.links(), patience).toEqual(['hawser0', 'lo']);
    expect([...told].filter((code) => !REPEATABLE.has(code))).toEqual([]);
  });

  test('that is refused for one table leaves the others alone', async () => {
    const old = node.pod();
    await add(old);
    await node.write({ ranges: '10.99.0.0/33', mtu: 1400 });
    await expect(node.agent.reload({ dryRun: false })).rejects.toMatchObject({ code: 'config.invalid' });
    const result = await add(node.pod());
    expect([addressOf(result), result.interfaces.some(({ mtu }) => mtu === 1400)]).toEqual(['10.88.0.3/16', false]);
    await node.engine.check({ ...old, network: 'net' }, call());
  });
});
