import { configureLinkByParts } from '../../network/configure-link.ts';
import type { Host, LinkConfiguration, Namespace } from '../../network/host.ts';

/** One call of a host or of one of its namespaces. */
export interface HostCall {
  readonly method: string;
  readonly parameters: readonly unknown[];
  /** Whether it changes what a namespace holds. Making and deleting whole namespaces is not meant: modes don't. */
  readonly isChange: boolean;
  /** The namespace's path; absent for the agent's own, and for calls of the host itself. */
  readonly path?: string;
}

/** Stands around each call: carries it out, or not, or does something before and after. */
export type AroundHostCall = (call: HostCall, carryOut: () => Promise<unknown>) => Promise<unknown>;

const CHANGES: ReadonlySet<string> = new Set([
  'createVeth',
  'createBridge',
  'setLink',
  'configureLink',
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

const OF_THE_HOST: ReadonlySet<string> = new Set(['openNamespace', 'createNamespace', 'deleteNamespace']);

/**
 * The same host with something around each of its calls. What closes a namespace, and what a host answers at once, goes through
 * as it is. `inParts`: a link is configured by one call for each part, so that something may happen between them.
 */
export function interceptHost<H extends Host>(
  host: H,
  around: AroundHostCall,
  { inParts = false }: { readonly inParts?: boolean } = {},
): H {
  /** Namespaces of the real host by the ones in front of them: a host takes its own back only. */
  const originals = new WeakMap<object, Namespace>();

  const inFrontOf = (namespace: Namespace): Namespace => {
    const front: Namespace = new Proxy(namespace, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        if (typeof property !== 'string') return value.bind(target) as unknown;
        if (property === 'configureLink' && inParts)
          return (link: string, configuration: LinkConfiguration) => configureLinkByParts(front, link, configuration);
        return (...parameters: readonly unknown[]) => {
          const { path } = target;
          const call: HostCall = { method: property, parameters, isChange: CHANGES.has(property), ...(path === undefined ? {} : { path }) };
          return around(call, async (): Promise<unknown> =>
            Reflect.apply(
              value,
              target,
              parameters.map((parameter) => behind(parameter, originals)),
            ),
          );
        };
      },
    });
    originals.set(front, namespace);
    return front;
  };

  const own = inFrontOf(host.own);
  return new Proxy(host, {
    get(target, property) {
      if (property === 'own') return own;
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (typeof property !== 'string' || !OF_THE_HOST.has(property)) return value.bind(target) as unknown;
      return (...parameters: readonly unknown[]) =>
        around({ method: property, parameters, isChange: false }, async () =>
          property === 'openNamespace'
            ? inFrontOf(await target.openNamespace(String(parameters[0])))
            : Reflect.apply(value, target, parameters),
        );
    },
  });
}

/** A veth's peer has a handle of the host in front. */
function behind(parameter: unknown, originals: WeakMap<object, Namespace>): unknown {
  if (typeof parameter !== 'object' || parameter === null || !('peer' in parameter)) return parameter;
  const { peer } = parameter;
  if (typeof peer !== 'object' || peer === null || !('namespace' in peer)) return parameter;
  const { namespace } = peer;
  if (typeof namespace !== 'object' || namespace === null) return parameter;
  return { ...parameter, peer: { ...peer, namespace: originals.get(namespace) ?? namespace } };
}
