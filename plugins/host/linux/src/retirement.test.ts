import { systemContext } from '@hawser/core';
import type { Namespace } from '@hawser/core/network';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Asked } from './exchanges.ts';
import { loadLibc } from './libc.ts';
import { LinkIndex } from './link-index.ts';
import { setLink } from './netlink/link.ts';
import { NETLINK_ROUTE, NetlinkSocket, openNetlink } from './netlink/socket.ts';
import { Netns } from './netns.ts';
import { Retirement } from './retirement.ts';
import { defaultSettings } from './settings.ts';
import { testKernel } from './testing/kernel.ts';
import { unavailable } from './testing/machine.ts';

const missing = await unavailable();
const GROUP = defaultSettings.retireGroup;
const { signal } = new AbortController();

/** Sets what the contract has no word for, as another program would. */
async function withSocket<T>(path: string, work: (socket: NetlinkSocket, links: LinkIndex) => T | Promise<T>): Promise<T> {
  const libc = await loadLibc();
  using own = Netns.own(libc);
  using netns = Netns.open(libc, path, own);
  using socket = new NetlinkSocket(libc, () => netns.run(() => openNetlink(libc, { protocol: NETLINK_ROUTE, receiveTimeoutMs: 500 })));
  return await work(socket, new LinkIndex(libc, () => socket.fd));
}

const put = (path: string, name: string, fields: { readonly up: boolean }) =>
  withSocket(path, (socket, links) => socket.request(setLink({ index: links.indexOf(name), group: GROUP, ...fields }, 'join the group')));

/** With one whose requests are answered after `answers` only; what they ask is done at once all the same. */
const withRetirement = (path: string, answers: Promise<void>, work: (retirement: Retirement, links: LinkIndex) => Promise<void>) =>
  withSocket(path, async (socket, links) => {
    const space: Asked = {
      socket,
      withSocket: (asked) =>
        withSocket(path, async (own) => {
          const answer = await asked(own);
          await answers;
          return answer;
        }),
    };
    const retirement = new Retirement({ ...systemContext, group: GROUP, gatherMs: 1, space, links, retain: () => () => undefined });
    await work(retirement, links);
    await retirement.idle();
  });

async function pair(namespace: Namespace, name: string): Promise<void> {
  await namespace.createVeth({ name, up: true, peer: { namespace, name: `${name}p` } });
}

const names = async (namespace: Namespace) => (await namespace.links()).filter(({ kind }) => kind === 'veth').map(({ name }) => name);

describe('retired links', () => {
  beforeEach((test) => {
    if (missing !== undefined) test.skip(missing);
  });

  it('go without a link of others that is in the group too', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await pair(namespace, 'ours');
    await pair(namespace, 'theirs');
    await put(namespace.path, 'theirs', { up: true });
    await (
      await namespace.retireLink('ours')
    ).settled;
    expect(await names(namespace)).toEqual(expect.arrayContaining(['theirs', 'theirsp']));
    expect(await names(namespace)).toHaveLength(2);
  });

  it('leave the group of no link changed but their own', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await pair(namespace, 'ours');
    await pair(namespace, 'other');
    const { settled } = await namespace.retireLink('ours');
    expect(await namespace.link('ours')).toMatchObject({ up: false, group: GROUP });
    expect(await namespace.link('other')).toMatchObject({ up: true, group: 0 });
    await settled;
  });

  it('of a process that died are deleted by the next', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await pair(namespace, 'left');
    await pair(namespace, 'other');
    await put(namespace.path, 'left', { up: false });
    await withRetirement(namespace.path, Promise.resolve(), async (retirement) => {
      const leftovers = retirement.sweep();
      expect(leftovers).toHaveLength(1);
      await Promise.all(leftovers);
    });
    expect(await names(namespace)).toEqual(expect.arrayContaining(['other', 'otherp']));
    expect(await names(namespace)).toHaveLength(2);
  });

  it('make room for their names: a pair of the same names waits for them', async () => {
    await using kernel = await testKernel({ gatherMs: 60_000 });
    const [node, pod] = [await kernel.namespace(), await kernel.namespace()];
    const spec = { name: 'port0', peer: { namespace: pod, name: 'eth0', up: true } };
    await node.createVeth(spec);
    await node.retireLink('port0');
    await node.createVeth({ ...spec, name: 'port1' });
    await node.retireLink('port1');
    await node.createVeth({ ...spec, name: 'port1' });
    expect((await pod.links()).filter(({ kind }) => kind === 'veth')).toHaveLength(1);
    expect(await node.link('port0')).toBeUndefined();
  });

  it('leave a container their names, whoever still waits for their deletion', async () => {
    await using kernel = await testKernel({ gatherMs: 60_000 });
    const [node, pod] = [await kernel.namespace(), await kernel.namespace()];
    const attached = (name: string) => node.createVeth({ name, up: true, peer: { namespace: pod, name: 'eth0', up: true } });
    await attached('port0');
    await pod.addAddress({ link: 'eth0', cidr: '10.88.0.2/24' });
    await node.retireLink('port0');
    await attached('port1');
    expect(await node.link('port0')).toBeUndefined();
    expect(await pod.link('eth0')).toMatchObject({ up: true, peer: (await node.link('port1'))?.index });
    expect(await pod.routes({ family: 4 })).toEqual([]);
  });

  it('settle when nobody finds them any more, and wait for no answer of the kernel to those before', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    const answers = Promise.withResolvers<void>();
    await withRetirement(namespace.path, answers.promise, async (retirement, links) => {
      for (const name of ['first', 'second']) {
        await pair(namespace, name);
        await retirement.retire(links.indexOf(name), name).settled;
        expect(links.find(name)).toBeUndefined();
      }
      const idle = retirement.idle().then(() => 'idle');
      expect(await Promise.race([idle, systemContext.clock.sleep(5, signal)])).toBeUndefined();
      answers.resolve();
      expect(await idle).toBe('idle');
    });
    expect(await names(namespace)).toEqual([]);
  });

  it('are not many at once on worker threads, however long the kernel takes', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    const answers = Promise.withResolvers<void>();
    await withRetirement(namespace.path, answers.promise, async (retirement, links) => {
      const settled: Promise<void>[] = [];
      for (let number = 0; number < 3; number++) {
        await pair(namespace, `pair${number}`);
        settled.push(retirement.retire(links.indexOf(`pair${number}`), `pair${number}`).settled);
        if (number < 2) await settled[number];
      }
      await systemContext.clock.sleep(20, signal);
      expect(links.find('pair2')).toBeDefined();
      answers.resolve();
      await Promise.all(settled);
    });
    expect(await names(namespace)).toEqual([]);
  });

  it('go in bounded batches', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await withRetirement(namespace.path, Promise.resolve(), async (retirement, links) => {
      for (let number = 0; number < 70; number++) await pair(namespace, `pair${number}`);
      await Promise.all(
        Array.from({ length: 70 }, (_, number) => retirement.retire(links.indexOf(`pair${number}`), `pair${number}`).settled),
      );
    });
    expect(await names(namespace)).toEqual([]);
  });

  it('settle when the host is closed, however long they would have waited for others', async () => {
    const kernel = await testKernel({ gatherMs: 60_000 });
    const namespace = await kernel.namespace();
    await pair(namespace, 'ours');
    const { settled } = await namespace.retireLink('ours');
    await kernel[Symbol.asyncDispose]();
    await expect(settled).resolves.toBeUndefined();
  });

  it('that are bridges or lo behave as any or are refused', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.createBridge({ name: 'br0', up: true });
    await (
      await namespace.retireLink('br0')
    ).settled;
    expect(await namespace.link('br0')).toBeUndefined();
    await expect(namespace.retireLink('lo')).rejects.toMatchObject({ code: 'host.not_supported' });
    expect(await namespace.link('lo')).toMatchObject({ up: true, group: 0 });
    await pair(namespace, 'later');
    await (
      await namespace.retireLink('later')
    ).settled;
    expect(await names(namespace)).toEqual([]);
  });
});
