import { describe, expect, it } from 'vitest';
import { hostErrors, type Namespace } from '@hawser/core/network';
import { type Asked, Exchanges } from './exchanges.ts';
import { NetlinkSocket } from './netlink/socket.ts';
import { testKernel } from './testing/kernel.ts';
import { unavailable } from './testing/machine.ts';
import { scriptedLibc } from './testing/scripted-libc.ts';

const missing = await unavailable();

/** A space of which only is known how it was asked; `end` lets what is on workers end. */
function watched() {
  const socket = new NetlinkSocket(scriptedLibc().libc, () => 1);
  const asked = { atOnce: 0, onWorkers: 0 };
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const space: Asked = {
    get socket() {
      asked.atOnce++;
      return socket;
    },
    async withSocket(work) {
      asked.onWorkers++;
      await promise;
      return work(socket);
    },
  };
  return { space, asked, end };
}

describe('what the kernel is asked', () => {
  it('is asked at once when it is alone, also after others', async () => {
    const exchanges = new Exchanges();
    const { space, asked } = watched();
    for (let turn = 0; turn < 3; turn++) await exchanges.run(space, []).catch(() => undefined);
    expect(asked).toEqual({ atOnce: 3, onWorkers: 0 });
  });

  it('goes to workers when several ask in one turn or one of them is under way, up to a bound', async () => {
    const exchanges = new Exchanges();
    const { space, asked, end } = watched();
    const ask = (count: number) => Array.from({ length: count }, () => exchanges.run(space, []).catch(() => undefined));
    const all = ask(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual({ atOnce: 0, onWorkers: 2 });
    all.push(...ask(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual({ atOnce: 0, onWorkers: 3 });
    all.push(...ask(40));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual({ atOnce: 11, onWorkers: 32 });
    end();
    await Promise.all(all);
    await exchanges.run(space, []).catch(() => undefined);
    expect(asked).toEqual({ atOnce: 12, onWorkers: 32 });
  });
});

describe.skipIf(missing !== undefined)(`many pods at once (${missing ?? 'on this kernel'})`, () => {
  it('get their links and their addresses, and one that fails fails alone', async () => {
    await using kernel = await testKernel();
    const node = await kernel.namespace();
    await node.createBridge({ name: 'br0', up: true });
    const pods: Namespace[] = [];
    while (pods.length < 40) pods.push(await kernel.namespace());
    const attach = async (at: number): Promise<void> => {
      const pod = pods[at];
      if (pod === undefined) throw new Error('there are 40 pods');
      const name = at === 7 ? 'br0' : `port${at}`;
      await node.createVeth({ name, master: 'br0', up: true, peer: { namespace: pod, name: 'eth0' } });
      await pod.configureLink('eth0', { addresses: [{ cidr: `10.9.0.${at + 1}/24` }], up: true });
    };
    const outcomes = await Promise.allSettled(pods.map((_, at) => attach(at)));
    for (const [at, outcome] of outcomes.entries()) {
      const addresses = (await pods[at]?.addresses('eth0').catch(() => [])) ?? [];
      if (at === 7) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.toSatisfy((error) => hostErrors.alreadyExists.is(error)) });
        expect(addresses).toEqual([]);
      } else {
        expect(outcome).toEqual({ status: 'fulfilled', value: undefined });
        expect(addresses).toContainEqual(expect.objectContaining({ cidr: `10.9.0.${at + 1}/24` }));
      }
    }
    expect((await node.links()).filter(({ kind }) => kind === 'veth')).toHaveLength(39);
  });

  it('may be one pod with several links', async () => {
    await using kernel = await testKernel();
    const [node, pod] = [await kernel.namespace(), await kernel.namespace()];
    const names = Array.from({ length: 10 }, (_, at) => `eth${at}`);
    await Promise.all(
      names.map(async (name, at) => {
        await node.createVeth({ name: `port${at}`, up: true, peer: { namespace: pod, name } });
        await pod.configureLink(name, { addresses: [{ cidr: `10.9.${at}.2/24` }], up: true });
      }),
    );
    for (const [at, name] of names.entries())
      expect(await pod.addresses(name)).toContainEqual(expect.objectContaining({ cidr: `10.9.${at}.2/24` }));
  });

  it('end where they began, whoever closes the namespaces meanwhile', async () => {
    await using kernel = await testKernel();
    const node = await kernel.namespace();
    const pods = [await kernel.namespace(), await kernel.namespace(), await kernel.namespace()];
    const made = pods.map((pod, at) => node.createVeth({ name: `port${at}`, peer: { namespace: pod, name: 'eth0' } }));
    for (const pod of pods) pod[Symbol.dispose]();
    // They take the numbers that the descriptors of the others had.
    const others = [await kernel.namespace(), await kernel.namespace(), await kernel.namespace()];
    await Promise.all(made);
    for (const other of others) expect(await other.link('eth0')).toBeUndefined();
    const again = await Promise.all(pods.map(({ path }) => kernel.host.openNamespace(path)));
    const configured = again.map((pod, at) => pod.configureLink('eth0', { addresses: [{ cidr: `10.9.0.${at + 1}/24` }], up: true }));
    for (const pod of again) pod[Symbol.dispose]();
    await Promise.all(configured);
    for (const [at, { path }] of pods.entries()) {
      using pod = await kernel.host.openNamespace(path);
      expect(await pod.addresses('eth0')).toContainEqual(expect.objectContaining({ cidr: `10.9.0.${at + 1}/24` }));
    }
  });
});
