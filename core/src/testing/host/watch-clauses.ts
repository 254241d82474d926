import { describe, expect, it } from 'vitest';
import type { HostEvent } from '../../network/host.ts';
import { type HostBench, linkNames, linkOf } from './bench.ts';

/** Reads events until one matches. */
export async function until(events: AsyncIterator<HostEvent>, matches: (event: HostEvent) => boolean): Promise<HostEvent> {
  for (let seen = 0; seen < 200; seen++) {
    const { done, value } = await events.next();
    if (done === true) break;
    if (matches(value)) return value;
  }
  return expect.fail('the event did not come');
}

const link = (change: 'set' | 'removed', name: string) => (event: HostEvent) =>
  event.type === 'link' && event.change === change && event.link.name === name;
/** Matches an address that has come or gone. */
export const address = (change: 'set' | 'removed', cidr: string) => (event: HostEvent) =>
  event.type === 'address' && event.change === change && event.address.cidr === cidr;

/** Notifications, and many calls at once. */
export function watchClauses(bench: HostBench): void {
  describe('watching', () => {
    it('tells links and addresses that come, change and go', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      const events = await node.watch(bench.signal);
      await node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      expect(await until(events, link('set', 'port0'))).toMatchObject({ link: { kind: 'veth' } });
      await node.setLink('port0', { up: true });
      await until(events, (event) => link('set', 'port0')(event) && event.type === 'link' && event.link.up);
      await node.addAddress({ link: 'port0', cidr: '10.88.0.5/24' });
      expect(await until(events, address('set', '10.88.0.5/24'))).toMatchObject({ address: { link: 'port0' } });
      await node.deleteAddress({ link: 'port0', cidr: '10.88.0.5/24' });
      await until(events, address('removed', '10.88.0.5/24'));
      await pod.deleteLink('eth0');
      await until(events, link('removed', 'port0'));
    });

    it('tells nothing of other namespaces', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      const events = await pod.watch(bench.signal);
      await node.createBridge({ name: 'br0' });
      await pod.createBridge({ name: 'br1' });
      const seen: string[] = [];
      await until(events, (event) => {
        if (event.type === 'link') seen.push(event.link.name);
        return link('set', 'br1')(event);
      });
      expect(seen).not.toContain('br0');
    });

    it('tells every watcher, and each ends with its signal', async () => {
      const node = await bench.namespace();
      const abort = new AbortController();
      const [first, second] = [await node.watch(abort.signal), await node.watch(bench.signal)];
      const waiting = first.next();
      abort.abort(new Error('seen enough'));
      expect(await waiting).toMatchObject({ done: true });
      expect(await first.next()).toMatchObject({ done: true });
      await node.createBridge({ name: 'br0' });
      await until(second, link('set', 'br0'));
    });

    it('ends when its reader leaves', async () => {
      const node = await bench.namespace();
      const events = await node.watch(bench.signal);
      await node.createBridge({ name: 'br0' });
      for await (const event of events) if (event.type === 'link') break;
      expect(await events.next()).toMatchObject({ done: true });
    });
  });

  describe('many at once', () => {
    it('makes 50 pairs on one bridge in parallel, and deletes them', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createBridge({ name: 'br0', up: true });
      const numbers = Array.from({ length: 50 }, (_, number) => number);
      await Promise.all(
        numbers.map((number) =>
          node.createVeth({ name: `port${number}`, master: 'br0', up: true, peer: { namespace: pod, name: `eth${number}`, up: true } }),
        ),
      );
      const [near, far, { index }] = [await node.links(), await pod.links(), await linkOf(node, 'br0')];
      expect(near.filter((link) => link.master === index)).toHaveLength(50);
      for (const number of numbers) {
        const [port, eth] = [near.find((link) => link.name === `port${number}`), far.find((link) => link.name === `eth${number}`)];
        expect([port?.peer, eth?.peer]).toEqual([eth?.index, port?.index]);
      }
      await Promise.all(numbers.map((number) => node.deleteLink(`port${number}`)));
      expect([await linkNames(node), await linkNames(pod)]).toEqual([['br0'], []]);
    });

    it('lets one of many win a name', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      const attempts = Array.from({ length: 10 }, (_, number) =>
        node.createVeth({ name: 'port0', peer: { namespace: pod, name: `eth${number}` } }),
      );
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'host.already_exists' });
      expect([await linkNames(node), (await linkNames(pod)).length]).toEqual([['port0'], 1]);
    });

    it('works in 10 namespaces in parallel without mixing them up', async () => {
      const node = await bench.namespace();
      await node.createBridge({ name: 'br0', up: true });
      const pods = await Promise.all(Array.from({ length: 10 }, () => bench.namespace()));
      await Promise.all(
        pods.map(async (pod, number) => {
          await node.createVeth({ name: `port${number}`, master: 'br0', up: true, peer: { namespace: pod, name: 'eth0', up: true } });
          await pod.addAddress({ link: 'eth0', cidr: `10.88.0.${number + 10}/24` });
          await pod.replaceRoute({ dst: '0.0.0.0/0', gateway: '10.88.0.1' });
        }),
      );
      for (const [number, pod] of pods.entries()) {
        const addresses = (await pod.addresses('eth0')).map(({ cidr }) => cidr).filter((cidr) => !cidr.startsWith('fe80:'));
        expect(addresses).toEqual([`10.88.0.${number + 10}/24`]);
        expect((await linkOf(pod, 'eth0')).peer).toBe((await linkOf(node, `port${number}`)).index);
      }
    });
  });
}
