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
    await withSocket(namespace.path, async (socket, links) => {
      const space: Asked = { socket, withSocket: (work) => work(socket) };
      const options = { clock: systemContext.clock, group: GROUP, gatherMs: 1, space, links, retain: () => () => undefined };
      const leftovers = new Retirement(options).sweep();
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

  it('leave a container their names at once, whoever still waits for their deletion', async () => {
    await using kernel = await testKernel({ gatherMs: 60_000 });
    const [node, pod] = [await kernel.namespace(), await kernel.namespace()];
    const attached = (name: string) => node.createVeth({ name, up: true, peer: { namespace: pod, name: 'eth0', up: true } });
    await attached('port0');
    const { index = 0 } = (await pod.link('eth0')) ?? {};
    await pod.addAddress({ link: 'eth0', cidr: '10.88.0.2/24' });
    await node.retireLink('port0');
    await attached('port1');
    expect(await node.link('port0')).toMatchObject({ up: false, group: GROUP });
    expect(await pod.link('eth0')).toMatchObject({ up: true, peer: (await node.link('port1'))?.index });
    expect(await pod.link(`leaving${index}`)).toMatchObject({ index, up: false });
    expect(await pod.routes({ family: 4 })).toEqual([]);
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
