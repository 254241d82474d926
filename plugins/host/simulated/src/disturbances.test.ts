import { testContext } from '@hawser/core/testing';
import { describe, expect, it } from 'vitest';
import { openSimulatedHost, SimulatedKernel } from './index.ts';

async function machine() {
  const { clock } = testContext();
  const kernel = new SimulatedKernel({ context: { clock } });
  const host = openSimulatedHost(kernel);
  kernel.createNamespace('/ns/pod');
  return { clock, kernel, host, pod: await host.openNamespace('/ns/pod') };
}

describe('disturbances', () => {
  it('fails the n-th call with its errno and does nothing then', async () => {
    const { kernel, pod } = await machine();
    const injected = kernel.sim.inject({ operation: 'createBridge', nth: 2, when: 'before', errno: 'EBUSY' });
    await pod.createBridge({ name: 'br0' });
    await expect(pod.createBridge({ name: 'br1' })).rejects.toMatchObject({ code: 'host.busy', details: { errno: 'EBUSY' } });
    expect(await pod.link('br1')).toBeUndefined();
    await pod.createBridge({ name: 'br1' });
    expect([injected.met, kernel.sim.count('createBridge')]).toEqual([1, 3]);
  });

  it('fails a call after it has taken effect', async () => {
    const { kernel, pod } = await machine();
    kernel.sim.inject({ operation: 'any_change', when: 'after' });
    expect(await pod.links()).toHaveLength(1);
    await expect(pod.createBridge({ name: 'br0' })).rejects.toMatchObject({ code: 'host.kernel', details: { errno: 'EIO' } });
    expect(await pod.link('br0')).toMatchObject({ kind: 'bridge' });
  });

  it('fails several calls in a row, until it is taken away', async () => {
    const { kernel, pod } = await machine();
    const injected = kernel.sim.inject({ operation: 'links', when: 'before', errno: 'EPERM', times: 100 });
    for (const _ of [1, 2]) await expect(pod.links()).rejects.toMatchObject({ code: 'host.permission_denied' });
    injected[Symbol.dispose]();
    expect(await pod.links()).toHaveLength(1);
  });

  it('holds a call until it is released, and does it then', async () => {
    const { kernel, pod } = await machine();
    const injected = kernel.sim.inject({ operation: 'createBridge', when: 'hang' });
    const making = pod.createBridge({ name: 'br0' });
    await injected.reached;
    expect(await pod.link('br0')).toBeUndefined();
    injected.release();
    await making;
    expect(await pod.link('br0')).toBeDefined();
  });

  it('holds a call until a signal and refuses it then when an errno is told', async () => {
    const { kernel, pod } = await machine();
    const abort = new AbortController();
    kernel.sim.inject({ operation: 'createBridge', when: 'hang', errno: 'EINTR', until: abort.signal });
    const making = pod.createBridge({ name: 'br0' });
    abort.abort();
    await expect(making).rejects.toMatchObject({ code: 'host.busy' });
    expect(await pod.link('br0')).toBeUndefined();
  });

  it('delays calls on the held clock, half before their effect and half after', async () => {
    const { clock, kernel, pod } = await machine();
    kernel.sim.delay('createBridge', 10);
    let answered = false;
    const making = pod.createBridge({ name: 'br0' }).then(() => void (answered = true));
    await clock.advance(4);
    expect([await pod.link('br0'), answered]).toEqual([undefined, false]);
    await clock.advance(2);
    expect([(await pod.link('br0'))?.kind, answered]).toEqual(['bridge', false]);
    await clock.advance(4);
    await making;
  });

  it('draws delays between two bounds, the same ones for the same seed', async () => {
    const run = async (): Promise<readonly number[]> => {
      const { clock, kernel, pod } = await machine();
      kernel.sim.delay('all', { min: 1, max: 5 });
      const times: number[] = [];
      for (let call = 0; call < 10; call++) {
        const before = clock.monotonic();
        await clock.runUntil(pod.links());
        times.push(clock.monotonic() - before);
      }
      return times;
    };
    const times = await run();
    for (const time of times) expect(time >= 1 && time <= 5.001).toBe(true);
    expect(new Set(times).size).toBeGreaterThan(5);
    expect(await run()).toEqual(times);
  });

  it('tells who waits for a retired link that its deletion failed', async () => {
    const { kernel, pod } = await machine();
    await pod.createVeth({ name: 'a', peer: { namespace: pod, name: 'b' } });
    kernel.sim.inject({ operation: 'settleRetired', when: 'before', errno: 'EBUSY' });
    const { settled } = await pod.retireLink('a');
    await expect(settled).rejects.toMatchObject({ code: 'host.busy' });
    expect(await pod.link('a')).toMatchObject({ up: false });
    await (
      await pod.retireLink('a')
    ).settled;
    expect(await pod.link('b')).toBeUndefined();
  });
});
