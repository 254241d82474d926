import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { definePlugin, defineToken } from '../plugin/index.ts';
import { Metadata } from '../metadata/store.ts';
import { startTestAgent } from './agent.ts';

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
