import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext } from '@hawser/core';
import { type AttachmentRequest, type Host, hostErrors } from '@hawser/core/network';
import { type Damage, describeModeContract, modeFixture, type ModeFixture, testContext } from '@hawser/core/testing';
import { openLinuxHost } from '@hawser/host-linux';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import bridge from '@hawser/mode-bridge';
import { describe, it } from 'vitest';

const signal = new AbortController().signal;

const SETTINGS = {
  bridge: 'hwt-br0',
  isDefaultGateway: true,
  hairpinMode: true,
  ipam: { routes: [{ dst: '192.0.2.0/24' }, { dst: '2001:db8::/32', mtu: 1400 }] },
};

/** The bridge mode with addresses of both families, on any host. */
async function onHost(host: Host, rest: Pick<ModeFixture, 'namespacePath' | 'settle'> & AsyncDisposable): Promise<ModeFixture> {
  const fixture = await modeFixture(bridge, {
    ...rest,
    host,
    plugins: [range],
    settings: {
      'hawser.mode.v1.bridge': { ip_masq: host.supports('nftables') },
      'hawser.ipam.v1.range': { ranges: ['10.88.0.0/24', 'fd00:88::/64'] },
    },
  });
  return {
    ...fixture,
    async [Symbol.asyncDispose]() {
      await rest[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

const portOf = (attachment: Parameters<Damage['inflict']>[0]['attachment']): string => attachment.result?.interfaces[1]?.name ?? '';

const damages: readonly Damage[] = [
  { name: 'the port is gone', inflict: ({ host, attachment }) => host.own.deleteLink(portOf(attachment)) },
  { name: 'the port is down', inflict: ({ host, attachment }) => host.own.setLink(portOf(attachment), { up: false }) },
  { name: 'the port is off the bridge', inflict: ({ host, attachment }) => host.own.setLink(portOf(attachment), { master: null }) },
  {
    name: 'the port has another name',
    async inflict({ host, attachment }) {
      await host.own.setLink(portOf(attachment), { up: false });
      await host.own.setLink(portOf(attachment), { name: 'hwt-renamed' });
    },
  },
  {
    name: 'the port has another MAC',
    inflict: ({ host, attachment }) => host.own.setLink(portOf(attachment), { mac: '02:00:00:00:00:98' }),
  },
  { name: 'the port has another MTU', inflict: ({ host, attachment }) => host.own.setLink(portOf(attachment), { mtu: 1300 }) },
  { name: 'the port has lost hairpin mode', inflict: ({ host, attachment }) => host.own.setLink(portOf(attachment), { hairpin: false }) },
  { name: 'the bridge is gone', inflict: ({ host }) => host.own.deleteLink(SETTINGS.bridge) },
  { name: 'the bridge is down', inflict: ({ host }) => host.own.setLink(SETTINGS.bridge, { up: false }) },
  {
    name: 'the bridge has lost a gateway address',
    inflict: ({ host }) => host.own.deleteAddress({ link: SETTINGS.bridge, cidr: '10.88.0.1/24' }),
  },
  { name: 'the node forwards no more', inflict: ({ host }) => host.own.setSysctl('net.ipv4.ip_forward', '0') },
  {
    name: 'the neighbour entry of a gateway is gone',
    inflict: ({ namespace }) => namespace.deleteNeighbour({ link: 'eth0', address: '10.88.0.1' }),
  },
  ...(['10.88.0.0/24', 'fd00:88::/64'] as const).map((dst): Damage => ({
    name: `the route to the subnet ${dst} is gone`,
    inflict: ({ namespace }) => namespace.deleteRoute({ dst, link: 'eth0' }),
  })),
  {
    name: 'the route beyond the gateway of IPv6 is gone',
    inflict: ({ namespace }) => namespace.deleteRoute({ dst: '::/0', gateway: 'fd00:88::1', link: 'eth0' }),
  },
  {
    name: 'it is masqueraded no more',
    async inflict({ host }) {
      // Where the host has no nftables the mode was told not to masquerade; some damage is owed all the same.
      if (host.supports('nftables')) await host.own.unmasquerade(await host.own.masquerades());
      else await host.own.deleteLink(SETTINGS.bridge);
    },
  },
];

describeModeContract('bridge on the simulated kernel', {
  settings: SETTINGS,
  damages,
  make() {
    const { clock } = testContext();
    const kernel = new SimulatedKernel({ context: { clock } });
    const host = openSimulatedHost(kernel);
    let made = 0;
    return onHost(host, {
      namespacePath: () => `/run/netns/hwt-${made++}`,
      settle: (promise) => clock.runUntil(promise),
      async [Symbol.asyncDispose]() {
        host[Symbol.dispose]();
        const faults = kernel.inconsistencies();
        if (faults.length > 0) throw new Error(`the model broke its laws: ${faults.join('; ')}`);
      },
    });
  },
});

const noLinux = await whyNoLinux();

describeModeContract('bridge on the Linux kernel', {
  settings: SETTINGS,
  damages,
  unavailable: noLinux,
  make: onLinux,
});

describe.skipIf(noLinux !== undefined)(`a bridge that the operator has made${noLinux === undefined ? '' : `: ${noLinux}`}`, () => {
  it('keeps its MAC when ports come and go, so that containers go on finding their gateway', async () => {
    await using fixture = await onLinux();
    const { host } = fixture;
    await using pods = new AsyncDisposableStack();
    const mode = await fixture.start(host);
    const ip = (...args: readonly string[]) => execFileSync('nsenter', [`--net=${fixture.node}`, 'ip', ...args]);
    // Without an address of its own choice the kernel gives it the lowest of its ports'.
    ip('link', 'add', SETTINGS.bridge, 'type', 'bridge');
    const paths: string[] = [];
    for (const containerId of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const netns = fixture.namespacePath();
      await host.createNamespace(netns);
      pods.defer(() => host.deleteNamespace(netns));
      paths.push(netns);
      const network = { name: 'n', settings: SETTINGS, capabilities: {} };
      const request: AttachmentRequest = { containerId, ifname: 'eth0', netns, network, staticIps: [] };
      const settings = (await mode.settings?.(request, signal)) ?? {};
      const claims = await fixture.reserve(mode.claims(request, settings), { containerId, ifname: 'eth0' });
      await mode.attach({ id: systemContext.random.id(), ...request, network: 'n', mode: 'bridge', settings, claims }, signal);
    }
    for (const path of paths) {
      using pod = await host.openNamespace(path);
      for (const gateway of ['10.88.0.1', 'fd00:88::1']) await pod.ping(gateway, { timeoutMs: 1_000, signal });
    }
  });
});

async function onLinux(): Promise<ModeFixture & { readonly node: string }> {
  const linux = await openLinuxHost({ context: systemContext });
  const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  const node = join(folder, 'node');
  await linux.createNamespace(node);
  const own = await linux.openNamespace(node);
  let made = 0;
  const fixture = await onHost(withOwn(linux, own), {
    namespacePath: () => join(folder, `hwt-${made++}`),
    async [Symbol.asyncDispose]() {
      own[Symbol.dispose]();
      await linux.deleteNamespace(node);
      await linux[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return { ...fixture, node };
}

/** The same host with another namespace in place of the agent's, so that nothing of this machine is touched. */
function withOwn(host: Host, own: Host['own']): Host {
  return {
    kind: host.kind,
    own,
    supports: (feature) => host.supports(feature),
    missing: (feature) => host.missing(feature),
    openNamespace: (path) => host.openNamespace(path),
    createNamespace: (path) => host.createNamespace(path),
    deleteNamespace: (path) => host.deleteNamespace(path),
  };
}

async function whyNoLinux(): Promise<string | undefined> {
  try {
    await using linux = await openLinuxHost({ context: systemContext });
    return linux.missing('veth') ?? linux.missing('bridge');
  } catch (error) {
    return error instanceof Error ? error.message : hostErrors.kernel(String(error)).message;
  }
}
