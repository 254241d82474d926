import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineErrors } from '../errors/index.ts';
import { openTracing, parseTraceparent, tracedCalls } from './tracing.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

test('without an SDK there is nothing to record to', async () => {
  expect(await openTracing()).toBeUndefined();
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();

  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterEach(() => {
    trace.disable();
    context.disable();
    exporter.reset();
  });

  const open = async () => (await openTracing()) ?? expect.fail('no tracing');
  const spans = () =>
    exporter.getFinishedSpans().map(({ name, attributes, parentSpanContext, status }) => ({
      name,
      attributes,
      parent: parentSpanContext?.spanId,
      failed: status.code === SpanStatusCode.ERROR,
    }));

  test('a span within another is its child, also after a wait', async () => {
    const { span } = await open();
    const result = await span('hawser.test.outer', { containerId: 'c', gone: undefined }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return span('hawser.test.inner', {}, async () => 7);
    });
    expect(result).toBe(7);
    const [inner, outer] = exporter.getFinishedSpans();
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(outer?.attributes).toEqual({ containerId: 'c' });
  });

  test('what a call of a service that is apart brings about is a part of its caller, and so is work that is carried', async () => {
    const tracing = await open();
    const later: (() => Promise<void>)[] = [];
    const inner = (name: string) => () => tracing.span(name, {}, async () => undefined);
    const store = {
      write: async () => {
        const carried = tracing.carry?.() ?? expect.fail();
        later.push(() => carried(inner('hawser.test.effect')));
      },
    };
    const traced = tracedCalls(tracing, 'test', store, () => ({}), { apart: true });
    await tracing.span('hawser.test.caller', {}, () => traced.write());
    await tracing.span('hawser.test.other', {}, async () => void (await Promise.all(later.map((work) => work()))));
    const [write, caller, effect] = exporter.getFinishedSpans();
    expect([write, caller, effect].map((span) => span?.name)).toEqual(['hawser.test.write', 'hawser.test.caller', 'hawser.test.effect']);
    for (const span of [write, effect]) expect(span?.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId);
  });

  test('a trace that began elsewhere goes on', async () => {
    const { span } = await open();
    await span('hawser.test.one', {}, async () => undefined, { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b' });
    const [one] = exporter.getFinishedSpans();
    expect(one?.spanContext().traceId).toBe(TRACE);
    expect(one?.spanContext().traceState?.get('a')).toBe('b');
    expect(one?.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true });
  });

  test('a span is carried on to other processes', async () => {
    const { span, traceparent } = await open();
    expect(traceparent?.()).toBeUndefined();
    const carried = await span('hawser.test.one', {}, async () => traceparent?.(), { traceparent: `00-${TRACE}-${PARENT}-01` });
    const [one] = exporter.getFinishedSpans();
    expect(carried).toBe(`00-${TRACE}-${one?.spanContext().spanId}-01`);
  });

  test('an error is told with its code, and reaches the caller as it was', async () => {
    const { span } = await open();
    const error = defineErrors('test', { full: { kind: 'ResourceExhausted', remedy: 'Wait.' } }).full('full');
    await expect(span('hawser.test.one', {}, () => Promise.reject(error))).rejects.toBe(error);
    expect(spans()).toMatchObject([{ name: 'hawser.test.one', attributes: { code: 'test.full' }, failed: true }]);
  });

  test('calls of a service are spans where they have fields', async () => {
    class Service {
      readonly #secret = 1;
      readonly kind = 'x';
      async openThing(name: string): Promise<string> {
        return `${name}${this.#secret}`;
      }
      plain(): number {
        return this.#secret;
      }
    }
    const service = tracedCalls(await open(), 'test', new Service(), (method, [name]) =>
      method === 'openThing' ? { link: String(name) } : undefined,
    );
    expect([await service.openThing('a'), service.plain(), service.kind]).toEqual(['a1', 1, 'x']);
    expect(spans()).toMatchObject([{ name: 'hawser.test.open_thing', attributes: { link: 'a' } }]);
  });
});

test.each([
  [`00-${TRACE}-${PARENT}-01`, { traceId: TRACE, spanId: PARENT, traceFlags: 1 }],
  [`cc-${TRACE}-${PARENT}-00-what-will-be`, { traceId: TRACE, spanId: PARENT, traceFlags: 0 }],
])('%s names a span', (text, parsed) => {
  expect(parseTraceparent(text)).toEqual(parsed);
});

test.each([
  undefined,
  '',
  'garbage',
  `ff-${TRACE}-${PARENT}-01`,
  `00-${TRACE}-${PARENT}-01-more`,
  `00-${'0'.repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
])('%s names none', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});
