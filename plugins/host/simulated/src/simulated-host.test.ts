import { testContext } from '@hawser/core/testing';
import { describe, expect, it } from 'vitest';
import { openSimulatedHost, SimulatedKernel, type SimulatedKernelOptions } from './index.ts';

function machine(options: Omit<SimulatedKernelOptions, 'context'> = {}) {
  const { clock } = testContext();
  return { clock, kernel: new SimulatedKernel({ context: { clock }, ...options }) };
}

/** Whether a promise is still pending after everything that could run has run. */
async function pending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
  return !settled;
}

describe('a simulated kernel', () => {
  it('outlives the hosts that are opened on it', async () => {
    const { kernel } = machine();
    kernel.createNamespace('/ns/pod');
    const first = openSimulatedHost(kernel);
    await first.own.createVeth({ name: 'port0', peer: { namespace: await first.openNamespace('/ns/pod'), name: 'eth0' } });
    first[Symbol.dispose]();
    await expect(first.own.links()).rejects.toMatchObject({ code: 'host.namespace_gone' });
    const second = openSimulatedHost(kernel);
    expect(await second.own.link('port0')).toMatchObject({ kind: 'veth' });
    expect(kernel.snapshot().namespaces.map(({ openHandles }) => openHandles)).toEqual([0, 0]);
  });

  it('drops what a dying agent has begun, and runs nothing of it any more', async () => {
    const { clock, kernel } = machine();
    const host = openSimulatedHost(kernel);
    kernel.sim.delay('createBridge', 10);
    const early = host.own.createBridge({ name: 'early' });
    await clock.advance(6);
    const late = host.own.createBridge({ name: 'late' });
    await clock.advance(1);
    host.sever();
    await clock.advance(100);
    expect(await pending(early)).toBe(true);
    expect(await pending(late)).toBe(true);
    expect(await pending(host.own.links())).toBe(true);
    const names = kernel.snapshot().namespaces[0]?.links.map((link) => link.name);
    expect(names).toEqual(['lo', 'early']);
  });

  it('leaves retired links down and in their group when the agent dies before they are deleted', async () => {
    const { clock, kernel } = machine();
    const host = openSimulatedHost(kernel);
    kernel.sim.delay('settleRetired', 30);
    await host.own.createVeth({ name: 'a', up: true, peer: { namespace: host.own, name: 'b', up: true } });
    const { settled } = await host.own.retireLink('a');
    host.sever();
    await clock.advance(100);
    expect(await pending(settled)).toBe(true);
    const next = openSimulatedHost(kernel);
    expect(await next.own.link('a')).toMatchObject({ up: false });
    expect((await next.own.link('a'))?.group).not.toBe(0);
    await clock.runUntil((await next.own.retireLink('a')).settled);
    expect(await next.own.link('b')).toBeUndefined();
  });

  it('closes the handles of an agent that dies, so that namespaces without a path end', async () => {
    const { kernel } = machine();
    kernel.createNamespace('/ns/pod');
    const host = openSimulatedHost(kernel);
    await host.own.createVeth({ name: 'port0', peer: { namespace: await host.openNamespace('/ns/pod'), name: 'eth0' } });
    kernel.destroyNamespace('/ns/pod');
    expect(await host.own.link('port0')).toBeDefined();
    host.sever();
    expect(kernel.snapshot().namespaces[0]?.links.map((link) => link.name)).toEqual(['lo']);
  });

  it('loses everything at a reboot, and the agent with it', async () => {
    const { kernel } = machine();
    kernel.createNamespace('/ns/pod');
    const host = openSimulatedHost(kernel);
    await host.own.createBridge({ name: 'br0' });
    const before = kernel.bootId;
    kernel.reboot();
    expect(kernel.bootId).not.toBe(before);
    expect(await pending(host.own.links())).toBe(true);
    const next = openSimulatedHost(kernel);
    expect((await next.own.links()).map((link) => link.name)).toEqual(['lo']);
    await expect(next.openNamespace('/ns/pod')).rejects.toMatchObject({ code: 'host.namespace_gone' });
    expect(kernel.inconsistencies()).toEqual([]);
  });

  it('gives a path that was freed to another container', async () => {
    const { kernel } = machine();
    const host = openSimulatedHost(kernel);
    kernel.createNamespace('/ns/pod');
    const first = await host.openNamespace('/ns/pod');
    kernel.destroyNamespace('/ns/pod');
    kernel.createNamespace('/ns/pod');
    expect((await host.openNamespace('/ns/pod')).id).not.toEqual(first.id);
  });

  it('has a namespace at two paths until both are gone', async () => {
    const { kernel } = machine();
    const host = openSimulatedHost(kernel);
    kernel.createNamespace('/ns/pod');
    kernel.bindNamespace('/proc/7/ns/net', '/ns/pod');
    const ids = [(await host.openNamespace('/ns/pod')).id, (await host.openNamespace('/proc/7/ns/net')).id];
    expect(ids[0]).toEqual(ids[1]);
    kernel.destroyNamespace('/ns/pod');
    await expect(host.openNamespace('/proc/7/ns/net')).resolves.toBeDefined();
  });

  it('leaves lo down in namespaces that a runtime made', async () => {
    const { kernel } = machine();
    const host = openSimulatedHost(kernel);
    kernel.createNamespace('/ns/pod');
    const pod = await host.openNamespace('/ns/pod');
    expect(await pod.link('lo')).toMatchObject({ up: false });
    await pod.setLink('lo', { up: true });
    expect(kernel.trace('/ns/pod', '127.0.0.1').reached).toBe(true);
    expect(kernel.trace('/ns/pod', '::1').reached).toBe(true);
  });

  it('lacks what it is told to lack, with the reason', async () => {
    const { kernel } = machine({ missing: { nftables: 'nft is not installed', ipv6: 'IPv6 is off', bridge: 'no bridge module' } });
    const host = openSimulatedHost(kernel);
    expect([host.supports('nftables'), host.missing('nftables'), host.supports('veth')]).toEqual([false, 'nft is not installed', true]);
    const refused = { code: 'host.not_supported' };
    await expect(host.own.masquerade([{ source: '10.0.0.1', subnet: '10.0.0.0/8' }])).rejects.toMatchObject(refused);
    await expect(host.own.createBridge({ name: 'br0' })).rejects.toMatchObject(refused);
    await expect(host.own.addAddress({ link: 'lo', cidr: 'fd00::1/64' })).rejects.toMatchObject(refused);
  });

  it('refuses a namespace of another machine', async () => {
    const [here, there] = [openSimulatedHost(machine().kernel), openSimulatedHost(machine().kernel)];
    await expect(here.own.createVeth({ name: 'a', peer: { namespace: there.own, name: 'b' } })).rejects.toMatchObject({
      code: 'host.invalid',
    });
  });

  it('is the same state as text for the same seed and calls', async () => {
    const run = async (seed: number): Promise<string> => {
      const { kernel } = machine({ seed });
      kernel.plug('uplink');
      const host = openSimulatedHost(kernel);
      await host.own.createVeth({ name: 'a', peer: { namespace: host.own, name: 'b' } });
      await host.own.setSysctl('net.ipv4.conf.a.rp_filter', '2');
      return JSON.stringify(kernel.snapshot());
    };
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
    expect(JSON.parse(await run(1))).toMatchObject({ namespaces: [{ sysctls: { 'net.ipv4.conf.a.rp_filter': '2' } }] });
  });

  it('tells watchers of an overrun, and drops what a slow one does not read', async () => {
    const { kernel } = machine();
    const host = openSimulatedHost(kernel);
    const events = await host.own.watch(new AbortController().signal);
    kernel.notifications.overrun();
    expect(await events.next()).toMatchObject({ value: { type: 'overrun' } });
    for (let number = 0; number < 1_500; number++) await host.own.setLink('lo', { alias: `alias ${number}` });
    const seen = new Set<string>();
    for (let count = 0; count < 400; count++) seen.add((await events.next()).value.type);
    expect(seen).toContain('overrun');
    expect(kernel.snapshot().namespaces[0]?.links[0]).toMatchObject({ alias: 'alias 1499' });
  });
});
