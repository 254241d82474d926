import { testContext } from '@hawser/core/testing';
import type { SimulatedKernel } from '@hawser/host-simulated';
import { beforeEach, describe, expect, it } from 'vitest';
import { BridgeBench } from './bridge-bench.ts';

const signal = new AbortController().signal;

describe('a port of the bridge', () => {
  let bench: BridgeBench;
  beforeEach(() => {
    bench = new BridgeBench();
  });

  it('takes a pair over that its own earlier life has left, whose books are lost', async () => {
    const ports = async () => (await bench.host.own.links()).filter(({ kind }) => kind === 'veth').map(({ name }) => name);
    const { attachment } = await bench.attach({});
    const former = await ports();
    const { interfaces } = await bench.mode().attach({ ...attachment, id: testContext({ seed: 99 }).random.id() }, signal);
    expect(await ports()).toEqual([interfaces[1]?.name]);
    expect(await ports()).not.toEqual(former);
  });

  it.each([
    ['has no mark of ours', undefined],
    ['is marked as another container’s', 'hawser:c99/eth0'],
  ])('leaves a pair alone whose end %s', async (_what, alias) => {
    const attachment = await bench.prepare({});
    using inside = await bench.host.openNamespace(attachment.netns);
    await bench.host.own.createVeth({ name: 'theirs', ...(alias && { alias }), peer: { namespace: inside, name: 'eth0' } });
    await expect(bench.mode().attach(attachment, signal)).rejects.toMatchObject({ code: 'host.already_exists' });
    expect(await bench.host.own.link('theirs')).toMatchObject({ kind: 'veth' });
  });

  it('leaves the port of a later attachment of the same interface, however late an earlier one is detached', async () => {
    const agent = bench.mode();
    const { attachment: earlier, result } = await bench.attach({});
    const gone = await agent.detach({ ...earlier, result }, signal);
    await gone?.settled;
    const later = { ...earlier, id: testContext({ seed: 99 }).random.id() };
    const attached = { ...later, result: await agent.attach(later, signal) };
    const again = await agent.detach({ ...earlier, result }, signal);
    await again?.settled;
    await agent.check(attached, signal);
  });

  it('lets containers reach each other', async () => {
    const [first, second] = [await bench.attach({ isDefaultGateway: true }), await bench.attach({ isDefaultGateway: true })];
    using namespace = await bench.host.openNamespace(first.attachment.netns);
    for (const { address } of second.result.ips) await namespace.ping(address.split('/')[0] ?? '', { timeoutMs: 100, signal });
    for (const address of ['10.88.0.1', 'fd00:88::1']) await namespace.ping(address, { timeoutMs: 100, signal });
  });

  it.each([
    [[4] as const, 12],
    [[4, 6] as const, 16],
  ])('asks little of the kernel for families %j', async (families, most) => {
    const agent = bench.mode();
    for (let times = 0; times < 3; times++)
      await agent.attach(await bench.prepare({ isDefaultGateway: true, ipMasq: true }, families), signal);
    const attachment = await bench.prepare({ isDefaultGateway: true, ipMasq: true }, families);
    const before = calls(bench.kernel);
    await agent.attach(attachment, signal);
    expect(calls(bench.kernel) - before).toBeLessThanOrEqual(most);
  });
});

const OPERATIONS = [
  'openNamespace',
  'links',
  'link',
  'isRunning',
  'revision',
  'createVeth',
  'createBridge',
  'setLink',
  'deleteLink',
  'addresses',
  'addAddress',
  'routes',
  'replaceRoute',
  'neighbours',
  'setNeighbour',
  'sysctl',
  'setSysctl',
  'masquerade',
  'masquerades',
] as const;

const calls = (kernel: SimulatedKernel): number => OPERATIONS.reduce((sum, operation) => sum + kernel.sim.count(operation), 0);
