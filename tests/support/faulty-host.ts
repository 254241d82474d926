import type { FaultInjector } from '@hawser/core';
import type { Host } from '@hawser/core/contracts';
import { configureLinkByParts, type LinkConfiguration, type Namespace } from '@hawser/core/network';

/** Methods of a namespace that change the kernel; each is a pair of points, `host.<method>.before` and `.after`. */
const MUTATING: ReadonlySet<string> = new Set([
  'createVeth',
  'createBridge',
  'setLink',
  'deleteLink',
  'retireLink',
  'addAddress',
  'deleteAddress',
  'replaceRoute',
  'deleteRoute',
  'addRule',
  'deleteRule',
  'setNeighbour',
  'deleteNeighbour',
  'setSysctl',
  'masquerade',
  'unmasquerade',
]);

/** A host whose every change passes two points of the fault injector; one of several parts passes those of each part. */
export function faultyHost(host: Host, faults: FaultInjector): Host {
  return intercept(host, {
    own: () => faultyNamespace(host.own, faults),
    openNamespace: () => async (path: string) => faultyNamespace(await host.openNamespace(path), faults),
  });
}

/** The namespaces behind the wrapped ones: a host takes its own back only. */
const originals = new WeakMap<Namespace, Namespace>();

function faultyNamespace(namespace: Namespace, faults: FaultInjector): Namespace {
  const wrapped: Namespace = new Proxy(namespace, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property === 'configureLink')
        return (link: string, configuration: LinkConfiguration) => configureLinkByParts(wrapped, link, configuration);
      if (typeof property !== 'string' || !MUTATING.has(property)) return value.bind(target) as unknown;
      return async (...parameters: readonly unknown[]) => {
        await faults.reach(`host.${property}.before`);
        const outcome: unknown = await Reflect.apply(value, target, parameters.map(unwrap));
        await faults.reach(`host.${property}.after`);
        return outcome;
      };
    },
  });
  originals.set(wrapped, namespace);
  return wrapped;
}

function unwrap(parameter: unknown): unknown {
  if (typeof parameter !== 'object' || parameter === null || !('peer' in parameter)) return parameter;
  const { peer } = parameter;
  if (typeof peer !== 'object' || peer === null || !('namespace' in peer)) return parameter;
  return { ...parameter, peer: { ...peer, namespace: originals.get(peer.namespace as Namespace) ?? peer.namespace } };
}

function intercept(host: Host, replaced: { readonly [K in 'own' | 'openNamespace']: () => unknown }): Host {
  const own = replaced.own();
  return new Proxy(host, {
    get(target, property) {
      if (property === 'own') return own;
      if (property === 'openNamespace') return replaced.openNamespace();
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
