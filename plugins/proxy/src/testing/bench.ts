import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyPlugin, boot, type Kernel, type PluginReport, type ProxySettings } from '@hawser/core';
import { Claims, Ipam, NetworkMode } from '@hawser/core/contracts';
import type { Attachment, AttachmentRequest } from '@hawser/core/network';
import { fakePlugin, startCore, type TestCore, testContext, type TestContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { proxies } from '../proxies.ts';
import { FakePeer } from './fake-peer.ts';

/** An agent's kernel with a held clock, and a process at a real socket that does as a test says. */
export class Bench implements AsyncDisposable {
  readonly context: TestContext = testContext();
  readonly peer: FakePeer;
  readonly reports: PluginReport[] = [];
  readonly logged: string[] = [];
  /** Real milliseconds that time stands still while a boot waits for the process. */
  patienceMs = 5_000;
  readonly #folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  readonly #core: TestCore;
  #kernel: Kernel | undefined;

  private constructor(core: TestCore) {
    this.#core = core;
    this.peer = new FakePeer(join(this.#folder, 'a.sock'));
  }

  static async open(): Promise<Bench> {
    const context = testContext();
    return new Bench(await startCore({ context }));
  }

  get core(): TestCore {
    return this.#core;
  }

  /** Boots with the provider of this contract at the peer's address. */
  async boot(
    type: 'hawser.mode.v1' | 'hawser.ipam.v1' = NetworkMode.id,
    settings: Partial<ProxySettings> = {},
    more: readonly AnyPlugin[] = [],
  ): Promise<Kernel> {
    const plugin = proxies.plugin('acme', type);
    const table: ProxySettings = {
      type,
      address: this.peer.address,
      start_deadline: 10_000,
      call_deadline: 30_000,
      health_interval: 5_000,
      health_deadline: 2_000,
      max_message: 64 * 1024,
      config: { vlan: 7 },
      secrets: {},
      ...settings,
    };
    const booting = boot({
      plugins: [fakePlugin(Claims, 'ledger', this.#core.claims), plugin, ...more],
      config: { settings: new Map([[`${type}.acme`, table]]), configured: new Set(), disabled: new Set(), required: new Set() },
      context: this.context,
      log: pino({ level: 'info' }, { write: (line) => void this.logged.push(line) }),
      onChange: (report) => void (report.id === 'acme' && this.reports.push(report)),
    });
    let isBooted = false;
    const settled = () => void (isBooted = true);
    booting.then(settled, settled);
    for (let waited = 0; waited < this.patienceMs && !isBooted; waited += 5) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#kernel = await this.context.clock.runUntil(booting);
    return this.#kernel;
  }

  get mode(): NetworkMode {
    return this.#kernel?.get(NetworkMode, 'acme') ?? fail('the mode does not serve');
  }

  get ipam(): Ipam {
    return this.#kernel?.get(Ipam, 'acme') ?? fail('the address plugin does not serve');
  }

  /** How it stands, as `hawser plugins ls` has it. */
  get report(): PluginReport {
    return this.#kernel?.reports().find(({ id }) => id === 'acme') ?? fail('it is not booted');
  }

  /** Lets real I/O happen until the condition holds; time stands still. */
  async until(holds: () => boolean): Promise<void> {
    for (let round = 0; round < 2_000 && !holds(); round++) await new Promise((resolve) => setTimeout(resolve, 1));
    if (!holds()) fail(`it never came to that; now it is ${JSON.stringify(this.#kernel?.reports().find(({ id }) => id === 'acme'))}`);
  }

  /** The same, with time going on in small steps. */
  async inTime(holds: () => boolean, stepMs = 50): Promise<void> {
    for (let round = 0; round < 2_000 && !holds(); round++) {
      await this.context.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!holds()) fail(`it never came to that; now it is ${JSON.stringify(this.report)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kernel) await this.context.clock.runUntil(this.#kernel.stop('the test is over'));
    this.peer.kill();
    await this.#core[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function fail(message: string): never {
  throw new Error(message);
}

export const request = (overrides: Partial<AttachmentRequest> = {}): AttachmentRequest => ({
  containerId: 'c',
  ifname: 'eth0',
  netns: '/run/netns/c',
  network: { name: 'n', settings: { mtu: 1400, nested: { list: [1, 'a', null, true] } }, capabilities: {} },
  staticIps: [],
  ...overrides,
});

export const attachment = (overrides: Partial<Attachment> = {}): Attachment => ({
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  containerId: 'c',
  ifname: 'eth0',
  netns: '/run/netns/c',
  network: 'n',
  mode: 'acme',
  settings: { mtu: 1400 },
  claims: [{ type: 'address', key: '10.9.0.5', data: { address: '10.9.0.5/24', subnet: '10.9.0.0/24', gateway: '10.9.0.1' } }],
  ...overrides,
});

/** A result that is true of that attachment. */
export const result = (overrides: object = {}): object => ({
  interfaces: [{ name: 'eth0', mac: '0a:58:0a:09:00:05', mtu: 1400, sandbox: '/run/netns/c' }],
  ips: [{ address: '10.9.0.5/24', gateway: '10.9.0.1', interface: 0 }],
  routes: [{ dst: '0.0.0.0/0', gw: '10.9.0.1' }],
  ...overrides,
});

export const never: AbortSignal = new AbortController().signal;

/** What a promise is rejected with; listened to from now on, so that it may be awaited later. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => fail('it should be rejected'),
    (error: unknown) => error,
  );
