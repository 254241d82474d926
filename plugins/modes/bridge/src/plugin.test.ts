import { type AnyPlugin, boot, type Kernel, type PluginReport } from '@hawser/core';
import { Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { fakeHost, fakeIpam, fakePlugin, testContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import bridge from './index.ts';

const URI = 'hawser.mode.v1.bridge';
const context = testContext();

async function start(ipam: string, ...more: readonly AnyPlugin[]): Promise<Kernel> {
  const settings = new Map([[URI, bridge.config?.parse({ ipam })]]);
  const config = { settings, configured: new Set([URI]), disabled: new Set<string>(), required: new Set<string>() };
  const host = fakePlugin(Host, 'fake', fakeHost({ features: ['veth', 'bridge'] }));
  return await context.clock.runUntil(boot({ plugins: [host, ...more, bridge], config, context, log: pino({ level: 'silent' }) }));
}

const report = (kernel: Kernel): PluginReport | undefined => kernel.reports().find(({ uri }) => uri === URI);

test('a mode whose address plugin is not in the agent is degraded, and names those that are', async () => {
  const kernel = await start('rang', fakePlugin(Ipam, 'range', fakeIpam()));
  expect(report(kernel)).toMatchObject({
    status: 'degraded',
    error: { message: "the address plugin 'rang' is not in this agent", remedy: expect.stringContaining('on: range') },
  });
  await kernel.stop('the test is over');
});

test('with it the mode is well', async () => {
  const kernel = await start('range', fakePlugin(Ipam, 'range', fakeIpam()));
  expect(report(kernel)).toMatchObject({ status: 'ok' });
  expect(kernel.get(NetworkMode)).toBeDefined();
  await kernel.stop('the test is over');
});
