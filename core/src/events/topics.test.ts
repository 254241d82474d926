import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { corePlugins } from '../agent/core-plugins.ts';
import { defineTopic } from '../plugin/topic.ts';
import { countedMetrics } from '../testing/counted.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { describeTopics, fieldsText } from './describe-topics.ts';
import { journal } from './events.fixture.ts';
import { openExchange } from './exchange.ts';

const counted = defineTopic('/test/counted', z.strictObject({ n: z.int(), note: z.string().optional() }), 'Something was counted.');

test('data of another shape than the topic’s doesn’t compile', () => {
  expect(counted.event({ n: 1 })).toEqual({ topic: '/test/counted', data: { n: 1 } });
  // @ts-expect-error -- a number, not a text
  counted.event({ n: '1' });
  // @ts-expect-error -- a key that nobody declared
  counted.event({ n: 1, m: 2 });
  // @ts-expect-error -- data of an event are an object
  defineTopic('/test/counted', z.string(), 'Something was counted.');
});

describe('what is published', () => {
  test('no topic is so long that its event could not be stored', async () => {
    await using core = await startCore({ context: testContext() });
    await core.metadata.write('state', (tx) => {
      for (const topic of [`/test/${'x'.repeat(2 ** 20)}`, '/test/happened']) core.events.publish(tx, { topic, data: { n: 1 } });
    });
    expect(journal(core)).toEqual([1]);
  });

  test('is delivered as it is when it is not what its topic declares; the log and a metric tell', async () => {
    await using core = await startCore({ context: testContext() });
    const { metadata } = core;
    const lines: { topic?: string; fault?: string }[] = [];
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const metrics = countedMetrics();
    using exchange = await openExchange({ metadata, context: testContext(), log, metrics, topics: () => [counted], check: true });
    await metadata.write('state', (tx) => {
      exchange.publish(tx, counted.event({ n: 1 }));
      exchange.publish(tx, { topic: '/test/counted', data: { n: 'x', m: 1 } });
      exchange.publish(tx, { topic: '/test/nobody-declared', data: { n: 'x' } });
    });
    expect(Array.from(exchange.history(), ({ data }) => data)).toEqual([{ n: 1 }, { n: 'x', m: 1 }, { n: 'x' }]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ topic: '/test/counted', fault: expect.stringContaining('n: ') });
    expect(metrics.values.get('hawser_events_mismatched_total{area="test"}')).toBe(1);
  });

  test('is not looked at where nobody asked for it', async () => {
    await using core = await startCore({ context: testContext() });
    const { metadata } = core;
    const metrics = countedMetrics();
    const log = pino({ level: 'silent' });
    using exchange = await openExchange({ metadata, context: testContext(), log, metrics, topics: () => [counted] });
    await metadata.write('state', (tx) => exchange.publish(tx, { topic: '/test/counted', data: {} }));
    expect([...metrics.values]).toEqual([]);
  });

  test('fails a test on the core when it is not what its topic declares', async () => {
    const core = await startCore({ context: testContext(), topics: [counted] });
    await core.metadata.write('state', (tx) => core.events.publish(tx, { topic: '/test/counted', data: {} }));
    await expect(core[Symbol.asyncDispose]()).rejects.toThrow('/test/counted: n: ');
  });
});

test('a topic starts with a slash, its components are identifiers; another one costs the event, not the operation', async () => {
  await using core = await startCore({ context: testContext() });
  const wrong = [
    'test/happened',
    '/test',
    '/Test/happened',
    '/test/',
    '/test//happened',
    '/test/9',
    '',
    '/a/b/c/d/e/f/g/h/i',
    '/test/a\n',
    '/test/a-',
    '/test/a--b',
  ];
  await core.metadata.write('state', (tx) => {
    for (const topic of wrong) core.events.publish(tx, { topic, data: {} });
    core.events.publish(tx, { topic: '/test/right-one/a1', data: {} });
  });
  expect(Array.from(core.events.history(), ({ topic, type }) => [topic, type])).toEqual([['/test/right-one/a1', 'test.right-one.a1']]);
});

test('every topic of the core is named once, and says when and with which data', () => {
  const described = describeTopics(corePlugins.flatMap(({ topics = [] }) => topics));
  expect(new Set(described.map(({ topic }) => topic)).size).toBe(described.length);
  expect(described.map(({ topic }) => topic)).toContain('/leases/created');
  for (const topic of described) {
    expect(topic.summary).toMatch(/^[A-Z].*\.$/);
    expect(fieldsText(topic)).not.toBe('');
  }
  expect(described.find(({ topic }) => topic === '/leases/renewed')).toMatchObject({
    type: 'leases.renewed',
    schema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id', 'store', 'expiresAt'] },
  });
});
