import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyPlugin, boot, type Kernel, type Providers, type ProxySettings, systemContext } from '@hawser/core';
import { Claims, Ipam, NetworkMode } from '@hawser/core/contracts';
import type { ClaimRequest, Host } from '@hawser/core/network';
import { describeModeContract, describePluginContract, fakePlugin, startCore, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import { parseRanges, RangeIpam } from '@hawser/ipam-range';
import { BridgeConfig, BridgeMode } from '@hawser/mode-bridge';
import { proxies } from '@hawser/plugin-proxy';
import { agentAddresses, type ProposingIpam, serveIpam, serveMode } from '@hawser/plugin-proxy/serve';
import { pino } from 'pino';
import { afterAll, describe } from 'vitest';

const URI = 'hawser.mode.v1.acme';
const silent = pino({ level: 'silent' });

const settingsFor = (type: string, address: string): ProxySettings => ({
  type,
  address,
  start_deadline: 10_000,
  call_deadline: 30_000,
  health_interval: 5_000,
  health_deadline: 2_000,
  max_message: 4 * 1024 * 1024,
  config: {},
  secrets: {},
});

function only<T>(id: string, value: T): Providers<T> {
  return {
    get: (asked) => (asked === id ? value : undefined),
    ids: () => [id],
    whyNot: () => 'is not in this agent',
    [Symbol.iterator]: () => [[id, value] as const][Symbol.iterator](),
  };
}

/** Boots an agent's kernel with the mode of another process as its only plugin of substance. */
async function bootProxy(address: string, required: readonly AnyPlugin[]): Promise<Kernel> {
  return await boot({
    plugins: [...required, proxies.plugin('acme', NetworkMode.id)],
    config: {
      settings: new Map([[URI, settingsFor(NetworkMode.id, address)]]),
      configured: new Set(),
      disabled: new Set(),
      required: new Set([URI]),
    },
    context: systemContext,
    log: silent,
  });
}

/** The same mode; every error of its methods, what is slow included, passes through `onError`. */
function intercepted(mode: NetworkMode, onError: (error: unknown) => void): NetworkMode {
  const watched = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      onError(error);
      throw error;
    }
  };
  return {
    settings: async (request, signal) => (await mode.settings?.(request, signal)) ?? {},
    claims: (request, settings) => mode.claims(request, settings),
    attach: (attachment, signal) => watched(mode.attach(attachment, signal)),
    check: (attachment, signal) => watched(mode.check(attachment, signal)),
    detach: async (attachment, signal) => {
      const outcome = await watched(mode.detach(attachment, signal));
      if (!outcome) return;
      const settled = watched(outcome.settled);
      settled.catch(() => undefined);
      return { settled };
    },
  };
}

const idleMode: NetworkMode = {
  claims: () => [],
  attach: async () => ({ interfaces: [], ips: [], routes: [] }),
  check: async () => undefined,
  detach: async () => undefined,
};

const SETTINGS = { bridge: 'hwt-br0', isDefaultGateway: true, ipam: { routes: [{ dst: '192.0.2.0/24' }] } };

describeModeContract('bridge in another process, over a unix socket', {
  settings: SETTINGS,
  async make() {
    const { clock } = testContext();
    const kernel = new SimulatedKernel({ context: { clock } });
    const host = openSimulatedHost(kernel);
    await using opening = new AsyncDisposableStack();
    opening.use(host);
    const core = opening.use(await startCore({ context: systemContext }));
    const { ranges } = parseRanges(['10.88.0.0/24', 'fd00:88::/64']);
    const ipam = new RangeIpam({ ...core, ranges, cooldownMs: 30_000, clock: systemContext.clock });
    const following = new AbortController();
    opening.defer(() => following.abort());
    void ipam.follow(following.signal);
    await ipam.informed;
    const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
    opening.defer(() => rmSync(folder, { recursive: true, force: true }));
    let made = 0;
    const start = async (front: Host): Promise<NetworkMode> => {
      let last: unknown;
      const mode = new BridgeMode({
        config: BridgeConfig.parse({ ip_masq: true }),
        host: front,
        ipams: only('range', agentAddresses('range')),
        clock,
      });
      const far = intercepted(mode, (error) => (last = error));
      const served = closing.use(await serveMode(far, { socket: join(folder, `${made++}.sock`), name: 'bridge', version: '1.0.0' }));
      const agent = await bootProxy(served.address, [fakePlugin(Claims, 'ledger', core.claims), fakePlugin(Ipam, 'range', ipam)]);
      closing.defer(async () => void (await agent.stop('the test is over')));
      const proxied = agent.get(NetworkMode, 'acme');
      if (!proxied) throw new Error('the mode did not start');
      // The suite looks among the causes for what it has thrown itself, on the far side.
      return intercepted(proxied, (error) => {
        if (error instanceof Error && error.cause === undefined) error.cause = last;
      });
    };
    const closing = opening.move();
    return {
      host,
      start,
      namespacePath: () => `/run/netns/hwt-${made++}`,
      reserve: (claims: readonly ClaimRequest[], holder) =>
        core.metadata.write('state', (tx) => {
          const lease = core.leases.create(tx, { expiresInMs: 60_000 }).id;
          return claims.flatMap((claim) => claim.take(tx, { holder, lease }));
        }),
      settle: (promise) => clock.runUntil(promise),
      [Symbol.asyncDispose]: () => closing.disposeAsync(),
    };
  },
});

describe.each([NetworkMode.id, Ipam.id] as const)('a provider of %s in another process', (type) => {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'acme.sock');
  const plugin = proxies.plugin('acme', type);
  const opened: AsyncDisposable[] = [];
  const release = async () => {
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  };

  describePluginContract(
    {
      ...plugin,
      start: (context) => plugin.start({ ...context, config: settingsFor(type, `unix://${socket}`) }),
      examine: async (context) => plugin.examine?.({ ...context, config: settingsFor(type, `unix://${socket}`) }) ?? [],
    },
    {
      module: '@hawser/plugin-proxy',
      async requires() {
        await release();
        const options = { socket, name: 'acme', version: '1.0.0' };
        const nothing: ProposingIpam = { subnets: () => [], propose: () => [] };
        opened.push(await (type === Ipam.id ? serveIpam(nothing, options) : serveMode(idleMode, options)));
        const core = await startCore({ context: systemContext });
        opened.push(core);
        return [fakePlugin(Claims, 'ledger', core.claims)];
      },
      release,
    },
  );
});
