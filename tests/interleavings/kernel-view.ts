import type { Machine } from './machine.ts';
import { podOf } from './pods.ts';

/** The container's end of an attachment as the kernel has it. */
export interface Interface {
  readonly pod: number | undefined;
  /** Without their prefix lengths; those that the kernel gives by itself left out. */
  readonly addresses: readonly string[];
  /** Whether the node's end is there, up, and a port of the bridge. */
  readonly connected: boolean;
}

export interface KernelView {
  readonly interfaces: readonly Interface[];
  /** Interfaces' ends on the node. */
  readonly ports: readonly string[];
  readonly masqueraded: readonly string[];
}

/** What of the kernel's state attachments are made of. */
export function viewOf({ kernel }: Machine): KernelView {
  const { namespaces } = kernel.snapshot();
  const own = namespaces.find((namespace) => namespace.own);
  const ports = own?.links.filter(({ kind }) => kind === 'veth') ?? [];
  const interfaces = namespaces
    .filter((namespace) => !namespace.own)
    .flatMap(({ inode, paths, links, addresses }) =>
      links
        .filter(({ kind }) => kind === 'veth')
        .map((link): Interface => {
          const port = ports.find(({ index, peerNamespace }) => index === link.peer && peerNamespace === inode);
          return {
            pod: podOf(paths),
            addresses: addresses
              .filter((address) => address.link === link.name)
              .flatMap(({ cidr }) => bare(cidr))
              .toSorted(),
            connected: port?.up === true && port.master !== undefined,
          };
        }),
    );
  return { interfaces, ports: ports.map(({ name }) => name), masqueraded: own?.masquerades.map(({ source }) => source) ?? [] };
}

/** The interface of a pod in the namespace that its path leads to. */
export function interfaceOf(view: KernelView, pod: number): Interface | undefined {
  return view.interfaces.find((each) => each.pod === pod);
}

const bare = (cidr: string): readonly string[] => (cidr.startsWith('fe80:') ? [] : [cidr.slice(0, cidr.indexOf('/'))]);
