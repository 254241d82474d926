import { readdirSync } from 'node:fs';
import { type HostEvent, hostErrors } from '@hawser/core/network';
import { beforeEach, describe, expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { loadLibc } from './libc.ts';
import { Netns } from './netns.ts';
import { testKernel } from './testing/kernel.ts';
import { unavailable } from './testing/machine.ts';
import { watch } from './watch.ts';

const missing = await unavailable();

const event = (cidr: string): HostEvent => ({ type: 'address', change: 'set', address: { link: 'eth0', cidr } });

describe('a queue of events', () => {
  it('gives them out in order, to readers who wait and to later ones', async () => {
    const queue = new EventQueue(4, () => undefined);
    const waiting = queue.next();
    for (const cidr of ['10.0.0.1/8', '10.0.0.2/8', '10.0.0.3/8']) queue.push(event(cidr));
    expect([await waiting, await queue.next(), await queue.next()].map(({ value }) => value.address.cidr)).toEqual([
      '10.0.0.1/8',
      '10.0.0.2/8',
      '10.0.0.3/8',
    ]);
  });

  it('makes one overrun of more than it can hold', async () => {
    const queue = new EventQueue(2, () => undefined);
    for (let count = 0; count < 5; count++) queue.push(event('10.0.0.1/8'));
    expect((await queue.next()).value).toEqual({ type: 'overrun' });
    queue.push(event('10.0.0.2/8'));
    expect((await queue.next()).value).toEqual(event('10.0.0.2/8'));
    queue.end();
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it('ends once, for its reader too, and tells a failure after what waits', async () => {
    let ended = 0;
    const queue = new EventQueue(2, () => ended++);
    queue.push(event('10.0.0.1/8'));
    queue.fail(new Error('broken'));
    expect((await queue.next()).value).toEqual(event('10.0.0.1/8'));
    await expect(queue.next()).rejects.toThrow('broken');
    expect((await queue.next()).done).toBe(true);
    queue.end();
    await queue.return();
    expect(ended).toBe(1);
  });
});

describe('notifications of the kernel', () => {
  beforeEach((test) => {
    if (missing !== undefined) test.skip(missing);
  });

  it('that were too many are told as an overrun, and those after it come', async () => {
    await using kernel = await testKernel({ watchCapacity: 64 });
    const namespace = await kernel.namespace();
    await namespace.createBridge({ name: 'br0', up: true });
    const stop = new AbortController();
    const events = await namespace.watch(stop.signal);
    // Without a turn of the event loop nobody reads: far more than the socket's buffer has room for.
    await Promise.all(Array.from({ length: 4_000 }, (_, count) => namespace.setLink('br0', { mtu: 1400 + (count % 2) })));
    let overruns = 0;
    for await (const each of events) {
      // What comes behind the drop may be too much for the queue again; a reader who looks then is up to date.
      if (each.type === 'overrun') await namespace.setLink('br0', { alias: `overrun ${++overruns}` });
      if (each.type === 'link' && each.link.alias === `overrun ${overruns}`) break;
    }
    expect(overruns).toBeGreaterThan(0);
    stop.abort();
  });

  it('name the link of an address that has gone together with it', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.createBridge({ name: 'br0', up: true });
    await namespace.addAddress({ link: 'br0', cidr: '10.88.0.1/16' });
    const stop = new AbortController();
    const events = await namespace.watch(stop.signal);
    await namespace.deleteLink('br0');
    const seen: string[] = [];
    for await (const each of events) {
      if (each.type === 'address') seen.push(`${each.change} ${each.address.cidr} on ${each.address.link}`);
      if (each.type === 'link' && each.change === 'removed') break;
    }
    expect(seen).toContain('removed 10.88.0.1/16 on br0');
    stop.abort();
  });

  it('that can not begin leave nothing open', async () => {
    const libc = await loadLibc();
    using own = Netns.own(libc);
    const dump = (): never => {
      throw hostErrors.busy('too fast');
    };
    const options = { libc, netns: own, space: { socket: { dump } }, capacity: 16, onEnd: () => undefined };
    const before = readdirSync('/proc/self/fd').length;
    for (let tries = 0; tries < 10; tries++) expect(() => watch(options, new AbortController().signal)).toThrow('too fast');
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});
