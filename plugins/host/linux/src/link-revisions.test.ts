import { hostErrors, type Link } from '@hawser/core/network';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Libc, loadLibc } from './libc.ts';
import { LinkRevisions } from './link-revisions.ts';
import { setLink } from './netlink/link.ts';
import { encodeRequests } from './netlink/message.ts';
import { Netns } from './netns.ts';
import { testKernel } from './testing/kernel.ts';
import { unavailable } from './testing/machine.ts';
import { type Received, scriptedLibc } from './testing/scripted-libc.ts';

const bridge: Link = {
  index: 7,
  name: 'br0',
  mac: '0a:58:00:00:00:01',
  mtu: 1500,
  kind: 'bridge',
  up: true,
  running: true,
  promiscuous: false,
  group: 0,
};

/** Revisions of br0 that hear what the test says. */
function scripted() {
  const script = scriptedLibc();
  const waiting: Received[] = [];
  let errno = 0;
  const recv: Libc['recv'] = (_fd, into) => {
    const next = waiting.shift() ?? { errno: 11 };
    if ('errno' in next) errno = next.errno;
    else into.set(next.bytes.subarray(0, into.length));
    return 'errno' in next ? -1 : next.bytes.length;
  };
  const libc = { ...script.libc, recv, errno: () => errno };
  const revisions = new LinkRevisions(libc, Netns.own(libc), (name) => (name === 'br0' ? bridge : undefined));
  const opened = () => script.calls.filter((call) => call.startsWith('socket')).length;
  return { revisions, opened, hear: (...received: Received[]) => void waiting.push(...received) };
}

describe('revisions of links', () => {
  const losses: readonly [string, Received][] = [
    ['was dropped by the kernel', { errno: 105 }],
    ['was torn', { bytes: Buffer.from([9, 0, 0, 0, 1]) }],
    ['was longer than any', { bytes: Buffer.alloc(64 * 1024) }],
    ['could not be read', { errno: 9 }],
  ];
  it.each(losses)('are others when what was told %s, and stay then', (_what, received) => {
    const { revisions, hear } = scripted();
    const before = revisions.of('br0');
    expect(revisions.of('br0')).toBe(before);
    hear(received);
    const after = revisions.of('br0');
    expect([before, undefined]).not.toContain(after);
    expect(revisions.of('br0')).toBe(after);
  });

  it('are told by another socket when one has failed', () => {
    const { revisions, hear, opened } = scripted();
    revisions.of('br0');
    hear({ errno: 9 });
    revisions.of('br0');
    expect(opened()).toBe(2);
  });

  it('that change without end are read for a while, and are others', () => {
    const { revisions, hear } = scripted();
    const before = revisions.of('br0');
    const other = encodeRequests([{ ...setLink({ index: 8, up: true }, ''), type: 16 }], 0, 0);
    hear(...Array.from({ length: 5_000 }, () => ({ bytes: other })));
    expect([before, undefined]).not.toContain(revisions.of('br0'));
  });

  it('go on when a signal comes between', () => {
    const { revisions, hear } = scripted();
    const before = revisions.of('br0');
    hear({ errno: 4 });
    expect(revisions.of('br0')).toBe(before);
  });

  it('are none where there is no link, and nothing is opened for it', () => {
    const { revisions, opened } = scripted();
    expect(revisions.of('eth9')).toBeUndefined();
    expect(opened()).toBe(0);
  });
});

describe('the filter of notifications', () => {
  beforeEach(async (test) => {
    const reason = await unavailable();
    if (reason !== undefined) test.skip(reason);
  });

  it('lets what is about a followed link through, and the settings for all, and nothing of others', async () => {
    await using kernel = await testKernel();
    const node = await kernel.namespace();
    await node.createBridge({ name: 'br0', mtu: 1500 });
    const loaded = await loadLibc();
    let heard = 0;
    const recv: Libc['recv'] = (...args) => {
      const size = loaded.recv(...args);
      if (size >= 0) heard++;
      return size;
    };
    using own = Netns.own(loaded);
    using netns = Netns.open(loaded, node.path, own);
    const link = (await node.link('br0')) ?? expect.fail('the bridge is missing');
    using revisions = new LinkRevisions({ ...loaded, recv }, netns, () => link);
    revisions.of('br0');
    revisions.of('br0');
    heard = 0;
    for (const name of ['port0', 'port1']) {
      await node.createVeth({ name, up: true, peer: { namespace: node, name: `${name}p`, up: true } });
      await node.addAddress({ link: name, cidr: '192.0.2.1/32' });
      await node.setSysctl(`net.ipv4.conf.${name}.forwarding`, '1');
      await node.deleteLink(name);
    }
    revisions.of('br0');
    expect(heard).toBe(0);
    for (const change of [
      () => node.setLink('br0', { mtu: 1400 }),
      () => node.addAddress({ link: 'br0', cidr: '10.88.0.1/24' }),
      () => node.setSysctl('net.ipv4.ip_forward', '1'),
      () => node.setSysctl('net.ipv6.conf.all.forwarding', '1'),
    ]) {
      heard = 0;
      await change();
      revisions.of('br0');
      expect(heard).toBeGreaterThan(0);
    }
  });

  it('names many links, and starts anew when there are too many', async () => {
    await using kernel = await testKernel();
    const node = await kernel.namespace();
    const names = Array.from({ length: 70 }, (_, number) => `br${number}`);
    for (const name of names) await node.createBridge({ name });
    const revisions = new Map<string, number | undefined>();
    for (const name of names) revisions.set(name, await node.revision(name));
    expect(new Set(revisions.values()).size).toBe(70);
    for (const name of names.slice(-3)) {
      expect(await node.revision(name)).toBe(revisions.get(name));
      await node.setLink(name, { mtu: 1400 });
      expect(await node.revision(name)).not.toBe(revisions.get(name));
    }
    await expect(node.deleteLink('br70')).rejects.toSatisfy((error: unknown) => hostErrors.notFound.is(error));
  });
});
