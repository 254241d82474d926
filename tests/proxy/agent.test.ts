import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import attachmentsPlugin from '@hawser/attachments';
import { type AnyPlugin, boot, type Kernel, pluginConfig, type ProxySettings, systemContext } from '@hawser/core';
import { corePlugins } from '@hawser/core/agent';
import { Attachments, Claims, Gc, Host, Metadata, Paths } from '@hawser/core/contracts';
import type { AttachmentRequest } from '@hawser/core/network';
import { fakePlugin } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import bridge from '@hawser/mode-bridge';
import { proxies } from '@hawser/plugin-proxy';
import { type ProposingIpam, type Served, serveIpam } from '@hawser/plugin-proxy/serve';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const TABLES = { 'hawser.mode.v1.bridge': { bridge: 'hawser0', is_default_gateway: true, ipam: 'acme' } };
const signal = new AbortController().signal;

const address = (last: number) => ({
  type: 'address',
  key: `10.9.0.${last}`,
  data: { address: `10.9.0.${last}/24`, subnet: '10.9.0.0/24', gateway: '10.9.0.1' },
});

/** A forgetful one: it proposes the same eight addresses to everybody, and the next eight when all of them were refused. */
const forgetful = (): ProposingIpam => ({
  subnets: () => [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }],
  propose: (_request, refused) => [
    { candidates: Array.from({ length: 8 }, (_, index) => address(2 + refused.length + index)), cooldownMs: 0 },
  ],
});

let ipam: ProposingIpam;
let folder: string;
let kernel: Kernel;
let served: Served;
let host: ReturnType<typeof openSimulatedHost>;

const serve = () => serveIpam(ipam, { socket: join(folder, 'acme.sock'), name: 'acme', version: '1.0.0' });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  ipam = forgetful();
  served = await serve();
  host = openSimulatedHost(new SimulatedKernel({ context: systemContext }));
  const plugins: readonly AnyPlugin[] = [
    ...corePlugins.filter(({ provides }) => provides.id !== Paths.id),
    fakePlugin(Paths, 'agent', { root: join(folder, 'root'), state: join(folder, 'state') }),
    fakePlugin(Host, 'simulated', host),
    bridge,
    attachmentsPlugin,
    proxies.plugin('acme', 'hawser.ipam.v1'),
  ];
  const settings: ProxySettings = {
    type: 'hawser.ipam.v1',
    address: served.address,
    start_deadline: 10_000,
    call_deadline: 5_000,
    health_interval: 100,
    health_deadline: 1_000,
    max_message: 4 * 1024 * 1024,
    config: {},
    secrets: {},
  };
  const config = pluginConfig(plugins, { tables: TABLES });
  kernel = await boot({
    plugins,
    config: { ...config, settings: new Map([...config.settings, ['hawser.ipam.v1.acme', settings]]) },
    context: systemContext,
    log: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  await kernel.stop('the test is over');
  await served[Symbol.asyncDispose]();
  host[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const engine = () => kernel.get(Attachments) ?? expect.fail('the engine does not serve');
const held = () => {
  const [metadata, claims] = [kernel.get(Metadata), kernel.get(Claims)];
  return metadata?.read('state', (tx) => Array.from(claims?.list(tx) ?? [], ({ key }) => key).toSorted()) ?? [];
};
const request = async (name: string): Promise<AttachmentRequest> => {
  const netns = `/run/netns/${name}`;
  await host.createNamespace(netns);
  return { containerId: name, ifname: 'eth0', netns, network: { name: 'n', settings: {}, capabilities: {} }, staticIps: [] };
};
const attach = async (name: string) => engine().attach(await request(name), { signal, requestId: name });
const detach = (name: string) => engine().detach({ containerId: name, ifname: 'eth0', network: 'n' }, { signal, requestId: name });

describe('an agent whose addresses come from another process', () => {
  it('gives no address twice, however forgetful that one is and however many ask at once', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `pod${index}`);
    const results = await Promise.all(names.map(attach));
    const given = results.flatMap(({ ips }) => ips.map(({ address: cidr }) => cidr));
    expect(new Set(given).size).toBe(24);
    expect(held()).toHaveLength(24);
    await Promise.all(names.map(detach));
    await expect.poll(held).toEqual([]);
  });

  it('refuses to attach while it is away, detaches all the same, and goes on when it is back', async () => {
    await attach('before');
    await served[Symbol.asyncDispose]();
    await expect(attach('during')).rejects.toMatchObject({ code: 'proxy.unreachable', kind: 'Unavailable' });
    expect(engine().list()).toHaveLength(1);
    await detach('before');
    await expect.poll(held).toEqual([]);
    served = await serve();
    await expect(attach('after')).resolves.toMatchObject({ ips: [{ address: '10.9.0.2/24' }] });
  });

  it('leaves neither claim nor lease of what was refused for good', async () => {
    await attach('pod0');
    ipam.propose = () => [{ candidates: [address(2)], cooldownMs: 0 }];
    await expect(attach('pod1')).rejects.toMatchObject({ code: 'network.proposal_refused' });
    await kernel.get(Gc)?.run({ signal });
    expect(held()).toEqual(['10.9.0.2']);
    expect(
      engine()
        .list()
        .map(({ containerId }) => containerId),
    ).toEqual(['pod0']);
  });
});
