import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { ProxyFactory } from '../config/index.ts';
import { definePlugin, defineToken } from '../plugin/index.ts';
import { Metadata } from '../metadata/store.ts';
import { Leases } from '../leases/leases.ts';
import { startTestAgent } from './agent.ts';
import { testContext } from './context.ts';

const Greeter = defineToken<{ greet(): string }>()('test.greeter.v1');
const stops: string[] = [];

const greeter = definePlugin({
  provides: Greeter,
  id: 'polite',
  summary: 'Greets.',
  config: z.strictObject({ word: z.string().default('hello') }),
  requires: { metadata: Metadata },
  start({ config, scope }) {
    scope.defer(() => void stops.push('polite'));
    return { greet: () => config.word };
  },
});

test('starts plugins with their settings, talks to its client, and leaves nothing', async () => {
  let folder: string;
  {
    await using started = await startTestAgent([greeter], { 'test.greeter.v1.polite': { word: 'good day' } });
    ({ folder } = started);
    expect(started.get(Greeter).greet()).toBe('good day');
    const reports = await started.client.plugins(new AbortController().signal);
    expect(reports.find(({ uri }) => uri === 'test.greeter.v1.polite')).toMatchObject({ status: 'ok' });
  }
  expect(stops).toEqual(['polite']);
  expect(existsSync(folder)).toBe(false);
});

test('says why a service is not there', async () => {
  const reluctant = definePlugin({ provides: Greeter, id: 'shy', summary: 'Does not.', start: ({ skip }) => skip('nobody is here') });
  await using started = await startTestAgent([reluctant]);
  expect(() => started.get(Greeter)).toThrow('test.greeter.v1.shy is skipped: nobody is here');
});

test('fails as an agent does, and leaves nothing', async () => {
  await expect(startTestAgent([greeter], { 'test.greeter.v1.polite': { wrod: 'x' } })).rejects.toMatchObject({ code: 'config.invalid' });
  const broken = definePlugin({ provides: Greeter, id: 'broken', summary: 'Breaks.', start: () => Promise.reject(new Error('no voice')) });
  await expect(startTestAgent([broken], {}, { core: { required: ['test.greeter.v1.broken'] } })).rejects.toThrow('no voice');
});

const soon = () => AbortSignal.timeout(10_000);

test('with a held clock and a seed an agent lives twice in the same way, and its time passes where the test lets it', async () => {
  const live = async () => {
    const context = testContext({ seed: 7 });
    const timed = definePlugin({
      provides: Greeter,
      id: 'timed',
      summary: 'Tells the time.',
      start: ({ clock, random }) => ({ greet: () => `${random.id()} at ${clock.monotonic()}` }),
    });
    await using started = await startTestAgent([timed], {}, { context });
    const before = context.clock.now();
    await started.settle(context.clock.sleep(3_600_000, new AbortController().signal));
    expect(context.clock.now() - before).toBe(3_600_000);
    return started.get(Greeter).greet();
  };
  const [first, second] = [await live(), await live()];
  expect(first).toMatch(/^[0-9a-z]{26} at 3600000$/);
  expect(second).toBe(first);
});

test('takes other settings as an operator gives them, and keeps the former where they are wrong', async () => {
  await using started = await startTestAgent([greeter], { 'test.greeter.v1.polite': { word: 'good day' } });
  await started.reload({ 'test.greeter.v1.polite': { word: 'good night' } });
  expect(started.get(Greeter).greet()).toBe('good night');
  await expect(started.reload({ 'test.greeter.v1.polite': { wrod: 'x' } })).rejects.toMatchObject({ code: 'config.invalid' });
  expect(started.get(Greeter).greet()).toBe('good night');
  await started.restart();
  expect(started.get(Greeter).greet()).toBe('good night');
});

test('the next agent has what the last one left', async () => {
  await using started = await startTestAgent([greeter]);
  const lease = await started.client.leases.create({ id: 'mine' }, soon());
  const former = started.agent;
  await started.restart();
  expect(started.agent).not.toBe(former);
  const found = started.get(Metadata).read(lease.store, (tx) => started.get(Leases).get(tx, 'mine'));
  expect(found?.id).toBe('mine');
});

test('its log can be read', async () => {
  const talking = definePlugin({
    provides: Greeter,
    id: 'talking',
    summary: 'Talks.',
    start: ({ log }) => (log.info('how do you do'), { greet: () => '' }),
  });
  await using started = await startTestAgent([talking]);
  expect(started.logged.find((line) => line.includes('how do you do'))).toContain('"plugin":"test.greeter.v1.talking"');
});

test('what a plugin could not release is thrown at the end', async () => {
  const stuck = definePlugin({
    provides: Greeter,
    id: 'stuck',
    summary: 'Stays.',
    start({ scope }) {
      scope.defer(() => Promise.reject(new Error('it is stuck')));
      return { greet: () => '' };
    },
  });
  const started = await startTestAgent([stuck]);
  await expect(started[Symbol.asyncDispose]()).rejects.toMatchObject({
    message: expect.stringContaining('it is stuck'),
    errors: [{ code: 'plugin.release_failed' }],
  });
  expect(existsSync(started.folder)).toBe(false);
});

test('has plugins of other processes where somebody makes them', async () => {
  const settings: unknown[] = [];
  const proxies: ProxyFactory = {
    types: ['test.greeter.v1'],
    plugin: (id) =>
      definePlugin({
        provides: Greeter,
        id,
        summary: 'Greets from afar.',
        config: z.unknown(),
        start: ({ config }) => (settings.push(config), { greet: () => 'hello over there' }),
      }),
  };
  const core = { proxy_plugins: { far: { type: 'test.greeter.v1', address: 'unix:///run/far.sock' } } };
  await using started = await startTestAgent([], {}, { core, proxies });
  expect(started.get(Greeter).greet()).toBe('hello over there');
  expect(settings).toMatchObject([{ address: 'unix:///run/far.sock' }]);
});
