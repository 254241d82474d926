import { type AnyPlugin, boot, type JsonObject, type Kernel, type PluginReport } from '@hawser/core';
import { AgentState, Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { fakeAgentState, fakeHost, fakeIpam, fakePlugin, testContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import bridge from './index.ts';

const URI = 'hawser.mode.v1.bridge';
const context = testContext();

const listeners = new Set<() => void>();
const agent = fakeAgentState({
  onChange: (listener) => {
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  },
});
const fixed = [fakePlugin(AgentState, 'self', agent), fakePlugin(Host, 'fake', fakeHost({ features: ['veth', 'bridge'] }))];

/** What runs, with an address plugin that is disabled or not. */
const setOf = (ipam: string, more: readonly AnyPlugin[], disabled: readonly string[] = []) => ({
  plugins: [...fixed, ...more, bridge],
  config: {
    settings: new Map([[URI, bridge.config?.parse({ ipam })]]),
    configured: new Set([URI]),
    disabled: new Set(disabled),
    required: new Set<string>(),
  },
});

async function start(ipam: string, more: readonly AnyPlugin[], disabled: readonly string[] = []): Promise<Kernel> {
  const onChange = (): void => listeners.forEach((listener) => listener());
  return await context.clock.runUntil(boot({ ...setOf(ipam, more, disabled), context, log: pino({ level: 'silent' }), onChange }));
}

const report = (kernel: Kernel): PluginReport | undefined => kernel.reports().find(({ uri }) => uri === URI);

test('a mode whose address plugin is not in the agent is degraded, and names those that are', async () => {
  const kernel = await start('rang', [fakePlugin(Ipam, 'range', fakeIpam())]);
  expect(report(kernel)).toMatchObject({
    status: 'degraded',
    error: { message: "the address plugin 'rang' is not in this agent", remedy: expect.stringContaining('on: range') },
  });
  await kernel.stop('the test is over');
});

test('with it the mode is well', async () => {
  const kernel = await start('range', [fakePlugin(Ipam, 'range', fakeIpam())]);
  expect(report(kernel)).toMatchObject({ status: 'ok' });
  expect(kernel.get(NetworkMode)).toBeDefined();
  await kernel.stop('the test is over');
});

test('is ready for a network while its address plugin serves and has addresses, and the settings of the network are right', async () => {
  const ipam = fakeIpam();
  const kernel = await start('range', [fakePlugin(Ipam, 'range', fakeIpam()), fakePlugin(Ipam, 'other', ipam)]);
  const readyFor = (settings?: JsonObject) => kernel.get(NetworkMode)?.ready?.({ name: 'pods', ...(settings && { settings }) });
  const other = { ipam: { type: 'other' } };
  expect([readyFor(), readyFor(other)]).toEqual([undefined, undefined]);
  ipam.exhaust();
  expect(readyFor()).toBeUndefined();
  expect(() => readyFor(other)).toThrow(expect.objectContaining({ code: 'ipam.exhausted' }));
  expect(() => readyFor({ vlan: 7 })).toThrow(expect.objectContaining({ code: 'network.unsupported' }));
  await kernel.stop('the test is over');
});

test('one that is in the agent and does not serve gives no addresses either; a reload that brings it, or takes it away, is seen', async () => {
  const more = [fakePlugin(Ipam, 'range', fakeIpam())];
  const off = ['hawser.ipam.v1.range'];
  const kernel = await start('range', more, off);
  const reload = (disabled: readonly string[]) => context.clock.runUntil(kernel.reload(setOf('range', more, disabled)));
  const degraded = (why: string) => ({ status: 'degraded', error: { message: `the address plugin 'range' ${why}` } });
  expect(report(kernel)).toMatchObject(degraded('is disabled (disabled by config)'));
  expect(() => kernel.get(NetworkMode)?.ready?.({ name: 'pods' })).toThrow(expect.objectContaining({ code: 'attachments.not_ready' }));
  await reload([]);
  expect(report(kernel)).toMatchObject({ status: 'ok' });
  const told: unknown[] = [];
  const heard = kernel.onChange(({ uri, error }) => uri === URI && told.push(error?.message));
  await reload(off);
  heard[Symbol.dispose]();
  expect(told.at(-1)).toBe("the address plugin 'range' is disabled (disabled by config)");
  expect(report(kernel)).toMatchObject(degraded('is disabled (disabled by config)'));
  await kernel.stop('the test is over');
  expect(listeners.size).toBe(0);
});
