import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import attachments from '@hawser/attachments';
import { type AnyPlugin, boot, type Kernel, pluginConfig, seededRandom, type Token } from '@hawser/core';
import { corePlugins } from '@hawser/core/agent';
import { Attachments, type Claim, Claims, Gc, Host, Leases, Metadata, Paths } from '@hawser/core/contracts';
import type { AttachmentRecord } from '@hawser/core/network';
import { fakePlugin, faultyHost, testContext, type TestContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import bridge from '@hawser/mode-bridge';
import { pino } from 'pino';
import { Life } from './life.ts';
import { pump } from './pump.ts';
import { Tenancy } from './tenancy.ts';
import { Turns } from './turns.ts';

const COOLDOWN_MS = 5_000;
/** Real time for files to be closed. */
const CLOSING_MS = 2;

/** What the last part of an address may be: enough for all pods, or just enough for them, so that the last one is raced for. */
const RANGES = [
  { name: '10.88.0.0/28', last: 14 },
  { name: '10.88.0.0/29', last: 6 },
] as const;

const tables = (range: string) => ({
  'hawser.mode.v1.bridge': { bridge: 'hawser0', is_default_gateway: true, ip_masq: true },
  'hawser.ipam.v1.range': { ranges: [range, 'fd00:88::/64'], cooldown: `${COOLDOWN_MS}ms` },
});

/** Checked once for all stories: that takes as long as a story's step. */
const configs: Partial<Record<string, ReturnType<typeof pluginConfig>>> = {};

/** A machine whose kernel and files outlive the agents that run on it. */
export class Machine implements AsyncDisposable {
  readonly context: TestContext;
  readonly kernel: SimulatedKernel;
  readonly turns: Turns;
  readonly tenancy: Tenancy;
  /** The range of IPv4 that pods get their addresses from. */
  readonly range: (typeof RANGES)[number];
  readonly #folder: string;
  #agent: Agent | undefined;

  private constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.context = testContext({ seed });
    this.kernel = new SimulatedKernel({ context: this.context, seed });
    this.turns = new Turns(seededRandom(seed));
    this.tenancy = new Tenancy(this.context.clock, COOLDOWN_MS);
    this.range = RANGES[seed % 2 === 0 ? 0 : 1];
  }

  static async make(seed: number): Promise<Machine> {
    const memory = '/dev/shm';
    return new Machine(await mkdtemp(join(existsSync(memory) ? memory : tmpdir(), 'hwt-')), seed);
  }

  /** The agent that runs; a dead one is followed by the next. */
  async agent(): Promise<Agent> {
    if (this.#agent?.life.isDead === true) {
      await this.#agent.buried;
      this.#agent = undefined;
    }
    this.#agent ??= await Agent.start(this);
    return this.#agent;
  }

  /** The agent that runs, if one does. */
  get current(): Agent | undefined {
    return this.#agent?.life.isDead === false ? this.#agent : undefined;
  }

  /** The end of the agent and the beginning of the next, in good order; `meanwhile` begins when the end has begun. */
  async restart(meanwhile: () => Promise<unknown>): Promise<void> {
    const agent = this.#agent;
    if (!agent) return;
    const stopping = agent.kernel.stop('a restart').then(() => 'stopped' as const);
    await meanwhile();
    const end = await pump(this, Promise.race([stopping, agent.life.died]), CLOSING_MS);
    if (end !== 'stopped') return;
    agent.host[Symbol.dispose]();
    this.#agent = undefined;
  }

  get paths(): Paths {
    return { root: join(this.#folder, 'root'), state: join(this.#folder, 'state') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.life.die();
    await this.#agent?.buried;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

type OpenStore = Metadata & AsyncDisposable;

export interface Books {
  readonly records: readonly AttachmentRecord[];
  /** Address → container, of those that somebody has, or had until what stands on them is undone. */
  readonly holders: ReadonlyMap<string, string | undefined>;
}

/** What whoever asks a stopped agent gets. */
class NotRunning extends Error {
  override readonly name = 'NotRunning';
}

/** One agent: the real core, engine, address plugin and mode on the machine's kernel. */
class Agent {
  readonly life: Life;
  readonly kernel: Kernel;
  readonly host: ReturnType<typeof openSimulatedHost>;
  /** Resolves when a dead agent's files are closed, as its process's end would close them. */
  readonly buried: Promise<void>;

  private constructor(life: Life, kernel: Kernel, host: Agent['host'], buried: Promise<void>) {
    this.life = life;
    this.kernel = kernel;
    this.host = host;
    this.buried = buried;
  }

  static async start(machine: Machine): Promise<Agent> {
    const life = new Life(machine.turns);
    const host = openSimulatedHost(machine.kernel);
    const opened = Promise.withResolvers<OpenStore>();
    const buried = life.died.then(async () => (await opened.promise)[Symbol.asyncDispose]());
    life.onDeath(() => host.sever());
    const plugins: readonly AnyPlugin[] = [
      ...corePlugins.map((plugin: AnyPlugin) => ownPaths(plugin, machine, life, opened.resolve)),
      fakePlugin(Host, 'simulated', faultyHost(life.host(host), life)),
      range,
      bridge,
      attachments,
    ];
    const config = (configs[machine.range.name] ??= pluginConfig(plugins, { tables: tables(machine.range.name) }));
    const booting = boot({ plugins, config, context: life.context(machine.context), log: pino({ level: 'silent' }) });
    const kernel = await pump(
      machine,
      machine.turns.work(() => booting),
    );
    return new Agent(life, kernel, host, buried);
  }

  get engine(): Attachments {
    return this.#service(Attachments);
  }

  get gc(): Gc {
    return this.#service(Gc);
  }

  claims(): readonly Claim[] {
    const claims = this.#service(Claims);
    return this.#service(Metadata).read('state', (tx) => Array.from(claims.list(tx)));
  }

  /** Attachments and claims at one time. */
  books(): Books {
    const held = this.claims().filter(({ state }) => state !== 'cooling');
    return { records: this.engine.list(), holders: new Map(held.map(({ key, holder }) => [key, holder?.containerId])) };
  }

  /** Addresses of the range that the ledger would give away. */
  free({ last }: Machine['range']): readonly string[] {
    const claims = this.#service(Claims);
    const range = Array.from({ length: last - 1 }, (_, index) => `10.88.0.${index + 2}`);
    return this.#service(Metadata).read('state', (tx) => range.filter((address) => claims.isFree(tx, 'address', address)));
  }

  /** Somebody takes what is held, if anything is. Rejects; else the ledger has given it away. */
  steal(): Promise<void> {
    const claims = this.#service(Claims);
    const thief = { containerId: 'thief', ifname: 'eth0' };
    return this.#service(Metadata).write('state', (tx) => {
      const held = Array.from(claims.list(tx)).find(({ state }) => state !== 'cooling');
      if (held === undefined) return;
      claims.take(tx, { type: held.type, key: held.key, holder: thief, data: {}, lease: 'none', evenCooling: true });
      throw new Error(`${held.key} was given away although it is held`);
    });
  }

  leases(): readonly string[] {
    const leases = this.#service(Leases);
    return this.#service(Metadata).read('state', (tx) => Array.from(leases.list(tx), ({ id }) => id));
  }

  #service<T>(token: Token<T>): T {
    const service = this.kernel.get(token);
    if (service === undefined)
      throw new NotRunning(`${token.id} does not run: ${JSON.stringify(this.kernel.reports().filter(({ status }) => status !== 'ok'))}`);
    return service;
  }
}

/** Core's plugins with the machine's folders, and with a store that dies with the agent. */
function ownPaths(plugin: AnyPlugin, { paths }: Machine, life: Life, opened: (store: OpenStore) => void): AnyPlugin {
  if (plugin.provides.id === Paths.id) return fakePlugin(Paths, plugin.id, paths);
  if (plugin.provides.id !== Metadata.id) return plugin;
  return {
    ...plugin,
    start: async (context) => {
      const store = (await plugin.start(context)) as OpenStore;
      opened(store);
      return life.store(store);
    },
  };
}

export type { Agent };
