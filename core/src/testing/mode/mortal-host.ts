import { configureLinkByParts } from '../../network/configure-link.ts';
import type { Host, LinkConfiguration, Namespace } from '../../network/host.ts';

/** A host on which an agent dies at a chosen change to the kernel. */
export interface MortalHost {
  readonly host: Host;
  /** Changes that were begun. */
  readonly changes: () => number;
  readonly dead: () => boolean;
}

/** What calls of a dead agent are rejected with, in place of never settling: a test has to go on. */
export class AgentDied extends Error {
  override readonly name = 'AgentDied';
}

const CHANGES: ReadonlySet<string> = new Set([
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

/**
 * The same host, until its `nth` change (the first is 1): the agent dies `before` it or `after` it has taken effect,
 * and nothing that it calls from then on does anything. `onChange` hears of each change that has taken effect.
 */
export function mortalHost(host: Host, nth: number, when: 'before' | 'after', onChange: (count: number) => void = () => {}): MortalHost {
  let changes = 0;
  let dead = false;
  /** Handles of the real host by the ones in front of them. */
  const handles = new WeakMap<object, Namespace>();

  const call = async (
    target: Namespace,
    name: string,
    method: (...parameters: never[]) => unknown,
    parameters: readonly unknown[],
  ): Promise<unknown> => {
    if (dead) throw new AgentDied(`${name} after the agent's death`);
    const fatal = CHANGES.has(name) && ++changes === nth;
    dead ||= fatal && when === 'before';
    if (dead) throw new AgentDied(`the agent died before ${name}`);
    const outcome: unknown = await Reflect.apply(
      method,
      target,
      parameters.map((parameter) => behind(parameter, handles)),
    );
    if (CHANGES.has(name)) onChange(changes);
    dead ||= fatal;
    if (dead) throw new AgentDied(`the agent died after ${name}`);
    return outcome;
  };
  const inFrontOf = (namespace: Namespace): Namespace => {
    const front: Namespace = new Proxy(namespace, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        // Handles close with the process, dead or not.
        if (typeof property !== 'string') return value.bind(target);
        // An agent may die between its parts, too.
        if (property === 'configureLink')
          return (link: string, configuration: LinkConfiguration) => configureLinkByParts(front, link, configuration);
        return (...parameters: readonly unknown[]) => call(target, property, value as (...parameters: never[]) => unknown, parameters);
      },
    });
    handles.set(front, namespace);
    return front;
  };
  const own = inFrontOf(host.own);
  const front: Host = {
    kind: host.kind,
    own,
    supports: (feature) => host.supports(feature),
    missing: (feature) => host.missing(feature),
    createNamespace: (path) => host.createNamespace(path),
    deleteNamespace: (path) => host.deleteNamespace(path),
    openNamespace: async (path) => {
      if (dead) throw new AgentDied("openNamespace after the agent's death");
      return inFrontOf(await host.openNamespace(path));
    },
  };
  return { host: front, changes: () => changes, dead: () => dead };
}

/** A host takes its own handles only: those of a veth's peer are behind ours. */
function behind(parameter: unknown, handles: WeakMap<object, Namespace>): unknown {
  if (typeof parameter !== 'object' || parameter === null || !('peer' in parameter)) return parameter;
  const { peer } = parameter;
  if (typeof peer !== 'object' || peer === null || !('namespace' in peer) || typeof peer.namespace !== 'object' || peer.namespace === null)
    return parameter;
  return { ...parameter, peer: { ...peer, namespace: handles.get(peer.namespace) ?? peer.namespace } };
}
