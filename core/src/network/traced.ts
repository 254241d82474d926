import type { Providers } from '../plugin/token.ts';
import { type SpanFields, tracedCalls, type Tracing } from '../telemetry/tracing.ts';
import type { Host, Namespace } from './host.ts';
import type { NetworkMode } from './mode.ts';

/** Methods of a namespace whose work goes on when the call has returned. */
const UNTRACED = new Set(['watch']);

/** The host with a span for each call to the kernel: `hawser.host.create_veth`, with the link where there is one. */
export function tracedHost<H extends Host>(host: H, tracing: Tracing): H {
  const originals = new WeakMap<object, object>();
  const namespaces = new WeakMap<object, object>();
  const wrap = (value: unknown): unknown => {
    if (!isNamespace(value)) return value;
    const wrapped = namespaces.get(value) ?? tracedNamespace(value, tracing, unwrap);
    namespaces.set(value, wrapped);
    originals.set(wrapped, value);
    return wrapped;
  };
  // The host knows its own namespaces, not what is put around them.
  const unwrap = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const original = originals.get(value);
    if (original !== undefined) return original;
    if ('peer' in value && typeof value.peer === 'object' && value.peer !== null && 'namespace' in value.peer)
      return { ...value, peer: { ...value.peer, namespace: unwrap(value.peer.namespace) } };
    return value;
  };
  const fields = (method: string): SpanFields | undefined => (/^(open|create|delete)Namespace$/.test(method) ? {} : undefined);
  return tracedCalls(tracing, 'host', host, fields, { result: wrap });
}

function tracedNamespace(namespace: Namespace, tracing: Tracing, unwrap: (value: unknown) => unknown): object {
  const fields = (method: string, args: readonly unknown[]): SpanFields | undefined =>
    UNTRACED.has(method) ? undefined : { link: linkOf(args[0]) };
  return tracedCalls(tracing, 'host', namespace, fields, { args: (args) => args.map(unwrap) });
}

const isNamespace = (value: unknown): value is Namespace =>
  typeof value === 'object' && value !== null && 'configureLink' in value && 'createVeth' in value;

function linkOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  if (typeof argument !== 'object' || argument === null) return undefined;
  const named = 'link' in argument ? argument.link : 'name' in argument ? argument.name : undefined;
  return typeof named === 'string' ? named : undefined;
}

/** The modes with a span for what each does to one attachment: `hawser.mode.attach`. */
export function tracedModes(modes: Providers<NetworkMode>, tracing: Tracing): Providers<NetworkMode> {
  const known = new WeakMap<NetworkMode, NetworkMode>();
  const wrap = (id: string, mode: NetworkMode): NetworkMode => {
    const fields = (method: string, [attachment]: readonly unknown[]): SpanFields | undefined =>
      /^(attach|check|detach)$/.test(method) ? { mode: id, ...identity(attachment) } : undefined;
    const wrapped = known.get(mode) ?? tracedCalls(tracing, 'mode', mode, fields);
    known.set(mode, wrapped);
    return wrapped;
  };
  return {
    get: (id) => {
      const mode = modes.get(id);
      return mode && wrap(id, mode);
    },
    ids: () => modes.ids(),
    whyNot: (id) => modes.whyNot(id),
    *[Symbol.iterator]() {
      for (const [id, mode] of modes) yield [id, wrap(id, mode)] as const;
    },
  };
}

function identity(value: unknown): SpanFields {
  if (typeof value !== 'object' || value === null) return {};
  const text = (key: string): string | undefined => {
    const field: unknown = Reflect.get(value, key);
    return typeof field === 'string' ? field : undefined;
  };
  return { containerId: text('containerId'), ifname: text('ifname') };
}
