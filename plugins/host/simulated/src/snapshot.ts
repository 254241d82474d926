import type { Address, Link, Masquerade, Neighbour, Route, Rule } from '@hawser/core/network';
import { listAddresses } from './model/addresses.ts';
import { renderLink } from './model/links.ts';
import { listNeighbours } from './model/neighbours.ts';
import { listRoutes } from './model/routes.ts';
import { listRules } from './model/rules.ts';
import type { Net } from './model/state.ts';
import { newSettings } from './model/sysctls.ts';

/** One namespace as JSON; lists are sorted, so that equal states are equal text. */
export interface NamespaceSnapshot {
  readonly inode: string;
  readonly own: boolean;
  readonly paths: readonly string[];
  readonly openHandles: number;
  /** With the inode of the namespace that the peer is in. */
  readonly links: readonly (Link & { readonly peerNamespace?: string })[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly neighbours: readonly Neighbour[];
  readonly masquerades: readonly Masquerade[];
  /** Those that are not as in a new namespace. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** The whole kernel's state as JSON. */
export interface KernelSnapshot {
  readonly bootId: string;
  readonly namespaces: readonly NamespaceSnapshot[];
}

export function snapshotNet(net: Net): NamespaceSnapshot {
  return {
    inode: net.id.inode,
    own: net.own,
    paths: [...net.paths].toSorted(),
    openHandles: net.handles,
    links: [...net.devices.values()].map((device) => ({
      ...renderLink(device),
      ...(device.peer === undefined ? {} : { peerNamespace: device.peer.net.id.inode }),
    })),
    addresses: sorted(listAddresses(net)),
    routes: sorted(listRoutes(net)),
    rules: listRules(net),
    neighbours: sorted(listNeighbours(net)),
    masquerades: sorted([...net.masquerades.values()]),
    sysctls: changedSysctls(net),
  };
}

function changedSysctls(net: Net): Record<string, string> {
  const pristine = newSettings();
  const changed: Record<string, string> = {};
  for (const [scope, settings] of net.settings.byDevice) {
    const [family = '', owner = ''] = scope.split('/');
    const usual = pristine.byDevice.get(scope) ?? pristine.byDevice.get(`${family}/default`);
    const device = net.devices.get(Number(owner))?.name.replaceAll('.', '/') ?? owner;
    for (const [key, value] of settings) if (usual?.get(key) !== value) changed[`net.ipv${family}.conf.${device}.${key}`] = value;
  }
  for (const [name, value] of net.settings.others) if (pristine.others.get(name) !== value) changed[name] = value;
  return changed;
}

function sorted<T>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
