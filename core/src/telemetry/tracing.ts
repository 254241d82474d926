import type { Attributes, Context as TraceContext, Span } from '@opentelemetry/api';
import { messageOf, toHawserError } from '../errors/index.ts';
import { coreVersion } from '../version.ts';

/** What a span says: the names are those of log fields. What is undefined is left out. */
export type SpanFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where a trace that began elsewhere comes from, as W3C writes it. */
export interface RemoteParent {
  readonly traceparent: string | undefined;
  readonly tracestate?: string | undefined;
}

/**
 * Spans of what the agent does, named `hawser.<area>.<verb>`, for whatever SDK of OpenTelemetry the process has. What is
 * called inside `work` becomes a child, also after it has waited, where the SDK has brought a context manager.
 */
export interface Tracing {
  /** The span ends when `work` does, with its error where it has one. The outcome is that of `work`, untouched. */
  span<T>(name: string, fields: SpanFields, work: () => Promise<T>, parent?: RemoteParent): Promise<T>;
  /** What a call to another process carries, so that the trace goes on there, as W3C writes it; undefined outside of a span. */
  traceparent?(): string | undefined;
  /** Does work later, in whoever's turn, as a part of the span that this call is a part of. */
  readonly carry?: Carry;
}

/** Remembers what the caller is a part of; what it gives does work as such a part. */
export type Carry = () => <T>(work: () => T) => T;

/** Under which a registered SDK leaves itself for every copy of the API of version 1. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/**
 * The way to record spans; undefined while the process has no SDK, and then nothing of OpenTelemetry is loaded: whoever records asks
 * once at its start and goes without. So an SDK is to be registered before the agent starts.
 */
export async function openTracing(): Promise<Tracing | undefined> {
  const registered: unknown = Reflect.get(globalThis, REGISTRY);
  if (typeof registered !== 'object' || registered === null || !('trace' in registered)) return undefined;
  const api = await import('@opentelemetry/api');
  const tracer = api.trace.getTracer('hawser', coreVersion);
  const rooted = (parent: RemoteParent): TraceContext => {
    const remote = parseTraceparent(parent.traceparent);
    if (remote === undefined) return api.context.active();
    const state = parent.tracestate === undefined ? {} : { traceState: api.createTraceState(parent.tracestate) };
    return api.trace.setSpanContext(api.context.active(), { ...remote, ...state, isRemote: true });
  };
  const failed = (span: Span, thrown: unknown): void => {
    const { code, message } = toHawserError(thrown);
    span.setAttribute('code', code).setStatus({ code: api.SpanStatusCode.ERROR, message });
    span.recordException(thrown instanceof Error ? thrown : messageOf(thrown));
  };
  return {
    traceparent: () => {
      const here = api.trace.getSpanContext(api.context.active());
      return here && `00-${here.traceId}-${here.spanId}-${here.traceFlags.toString(16).padStart(2, '0')}`;
    },
    carry: () => {
      const here = api.context.active();
      return (work) => api.context.with(here, work);
    },
    span: (name, fields, work, parent) => {
      const context = parent === undefined ? api.context.active() : rooted(parent);
      return tracer.startActiveSpan(name, { attributes: told(fields) }, context, async (span) => {
        try {
          return await work();
        } catch (thrown) {
          failed(span, thrown);
          throw thrown;
        } finally {
          span.end();
        }
      });
    },
  };
}

/** The parts of a version-00 traceparent, or of a later version's first four fields; undefined where it is none. */
export function parseTraceparent(
  text: string | undefined,
): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number } | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text ?? '') ?? [];
  const isInvalid = version === undefined || version === 'ff' || (version === '00' && more !== undefined);
  if (isInvalid || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

function told(fields: SpanFields): Attributes {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * A service whose calls are spans: those for which `fieldsOf` has fields. What isn't a call, and calls without fields, go through
 * as they are. `result` may put something else in the place of what a call resolves with. What a call of a service that is `apart`
 * brings about is a part of what its caller does, not of the call, which may have ended by then.
 */
export function tracedCalls<T extends object>(
  { span, carry }: Tracing,
  area: string,
  service: T,
  fieldsOf: (method: string, args: readonly unknown[]) => SpanFields | undefined,
  hooks: {
    readonly args?: (args: readonly unknown[]) => readonly unknown[];
    readonly result?: (value: unknown) => unknown;
    readonly apart?: boolean;
  } = {},
): T {
  const { args: passed = (args) => args, result = (value) => value, apart = false } = hooks;
  return new Proxy(service, {
    get(target, key): unknown {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return result(value);
      return (...args: readonly unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(value, target, passed(args));
        const fields = typeof key === 'string' ? fieldsOf(key, args) : undefined;
        if (fields === undefined) return call();
        const name = String(key).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        const made = apart && carry !== undefined ? carry() : <R>(work: () => R): R => work();
        return span(`hawser.${area}.${name}`, fields, async () => result(await made(call)));
      };
    },
  });
}
