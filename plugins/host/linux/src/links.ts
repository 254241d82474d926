import type { Random } from '@hawser/core';
import { type BridgeSpec, hostErrors, type Link, type LinkSettings, type VethSpec } from '@hawser/core/network';
import { parseMac } from './address-text.ts';
import { checkLinkName } from './link-index.ts';
import * as rtnetlink from './netlink/link.ts';
import type { LinkFields } from './netlink/link.ts';
import type { Request } from './netlink/message.ts';
import type { Outcome } from './netlink/socket.ts';
import type { OpenNetns } from './open-netns.ts';
import { getLink } from './read-links.ts';
import { isVirtual } from './retirement.ts';
import { writeSysctl } from './sysctl.ts';

/** What work on links needs of a namespace. */
type Space = Pick<OpenNetns, 'netns' | 'socket' | 'links' | 'retirement' | 'exchange'>;

/**
 * First the pair with both names, MACs and MTUs, the near end on its bridge; then what the kernel takes for existing
 * links only (alias, hairpin; the far end up). These are sends of their own, because the kernel would carry them out on
 * others' links of those names if the first failed. The near end comes up with the second: what the kernel does in the
 * background for a link that came up holds the lock that the second one wants, a third of a millisecond.
 */
export async function createVeth(space: Space, spec: VethSpec, peerSpace: Space): Promise<void> {
  checkLinkName(spec.name);
  checkLinkName(spec.peer.name);
  const request = vethRequest(space, spec, peerSpace.netns.fd);
  try {
    await makePair(space, request);
  } catch (error) {
    if (!hostErrors.alreadyExists.is(error) || !(await isOutOfTheWay(space, spec, peerSpace))) throw error;
    await makePair(space, request);
  }
  try {
    if (spec.ipv6 === false) switchIpv6Off(space, spec.name);
    finishVeth(space, spec);
    if (spec.peer.up === true) setLink(peerSpace, spec.peer.name, { up: true });
  } catch (error) {
    await deleteLink(space, spec.name).catch(() => undefined);
    throw error;
  }
}

/** A kernel without IPv6 has nothing to be switched off. */
function switchIpv6Off({ netns }: Pick<Space, 'netns'>, name: string): void {
  try {
    writeSysctl(netns, `net.ipv6.conf.${name.replaceAll('.', '/')}.disable_ipv6`, '1');
  } catch (error) {
    if (!hostErrors.notFound.is(error)) throw error;
  }
}

async function makePair(space: Space, request: Request): Promise<void> {
  throwFirst(await space.exchange([request]));
}

function vethRequest(space: Space, spec: VethSpec, namespace: number): Request {
  const near: LinkFields = {
    name: spec.name,
    ...common(spec),
    ...(spec.master === undefined ? {} : { master: space.links.indexOf(spec.master) }),
  };
  const peer: LinkFields = {
    name: spec.peer.name,
    namespace,
    ...common({ ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }), ...(spec.peer.mac === undefined ? {} : { mac: spec.peer.mac }) }),
  };
  return rtnetlink.newVeth(near, peer, `make the pair '${spec.name}' and '${spec.peer.name}'`);
}

/**
 * Whether a link that still has one of the names was leaving, and is gone now: a container that is attached again meets its
 * former interface.
 */
async function isOutOfTheWay(space: Space, spec: VethSpec, peerSpace: Space): Promise<boolean> {
  const near = space.links.find(spec.name);
  if (near !== undefined) return await hasLeft(space.retirement.pending(near));
  const far = getLink(peerSpace, spec.peer.name);
  if (far === undefined) return false;
  return await hasLeft(peerSpace.retirement.pending(far.index) ?? pendingEnd(space, far));
}

/** The deletion of its other end. The number of its peer alone may be of a link elsewhere. */
function pendingEnd(space: Space, { index, peer }: Link): Promise<void> | undefined {
  const name = peer === undefined ? undefined : space.links.nameOf(peer);
  if (peer === undefined || name === undefined || getLink(space, name)?.peer !== index) return undefined;
  return space.retirement.pending(peer);
}

/** False where nothing is leaving. */
async function hasLeft(leaving: Promise<void> | undefined): Promise<boolean> {
  await leaving?.catch(() => undefined);
  return leaving !== undefined;
}

function finishVeth(space: Space, { name, alias, hairpin, up }: VethSpec): void {
  const fields: LinkFields = { ...(alias === undefined ? {} : { alias }), ...(up === true ? { up } : {}) };
  if (Object.keys(fields).length === 0 && hairpin !== true) return;
  const index = space.links.indexOf(name);
  const requests: Request[] = [];
  if (Object.keys(fields).length > 0) requests.push(rtnetlink.setLink({ ...fields, index }, `label link '${name}' and bring it up`));
  if (hairpin === true) requests.push(rtnetlink.setBridgePort(index, true, `set hairpin mode of port '${name}'`));
  carryOut(space, requests);
}

/** The MAC and the MTU are pinned: a bridge would else change its own with its ports. */
export async function createBridge(space: Space, spec: BridgeSpec, random: Random): Promise<void> {
  checkLinkName(spec.name);
  const { name, mtu } = spec;
  const fields = {
    name,
    mac: spec.mac === undefined ? randomMac(random) : parseMac(spec.mac),
    up: spec.up ?? false,
    promiscuous: spec.promiscuous ?? false,
  };
  space.socket.request(rtnetlink.newBridge({ ...fields, ...(mtu === undefined ? {} : { mtu: anotherMtu(mtu) }) }, `make bridge '${name}'`));
  if (mtu === undefined) return;
  try {
    setLink(space, name, { mtu });
  } catch (error) {
    await deleteLink(space, name).catch(() => undefined);
    throw error;
  }
}

/** The kernel takes an MTU as pinned when it is changed after the bridge was made, and only when it does change. */
const anotherMtu = (mtu: number): number => (mtu < 65_535 ? mtu + 1 : mtu - 1);

/** Unicast, locally administered. */
function randomMac(random: Random): Uint8Array {
  const mac = Uint8Array.from(random.bytes(6));
  mac[0] = ((mac[0] ?? 0) & 0xfc) | 0x02;
  return mac;
}

export function setLink(space: Space, name: string, settings: LinkSettings): void {
  if (settings.name !== undefined) checkLinkName(settings.name);
  const index = space.links.indexOf(name);
  const fields: LinkFields = {
    ...common(settings),
    ...(settings.name === undefined ? {} : { name: settings.name }),
    ...(settings.up === undefined ? {} : { up: settings.up }),
    ...(settings.promiscuous === undefined ? {} : { promiscuous: settings.promiscuous }),
    ...(settings.alias === undefined ? {} : { alias: settings.alias }),
    ...(settings.master === undefined ? {} : { master: settings.master === null ? 0 : space.links.indexOf(settings.master) }),
  };
  const requests: Request[] = [];
  if (Object.keys(fields).length > 0) requests.push(rtnetlink.setLink({ ...fields, index }, `change link '${name}'`));
  if (settings.hairpin !== undefined) requests.push(rtnetlink.setBridgePort(index, settings.hairpin, `set hairpin mode of port '${name}'`));
  carryOut(space, requests);
}

/** On a worker thread: the kernel waits for RCU. */
export async function deleteLink(space: Space, name: string): Promise<void> {
  const index = space.links.indexOf(name);
  await space.retirement.deleteNow(index, name);
}

/** Refuses NICs and lo before it touches them: netlink can't delete those. */
export function retireLink(space: Space, name: string, only?: (link: Link) => boolean): { readonly settled: Promise<void> } {
  const link = getLink(space, name);
  if (link === undefined || only?.(link) === false) return { settled: Promise.resolve() };
  if (!isVirtual(link)) throw hostErrors.notSupported(`link '${name}' is no link that can be deleted`);
  try {
    return space.retirement.retire(link.index, name);
  } catch (error) {
    // It went between the two calls, with its namespace for example.
    if (hostErrors.notFound.is(error)) return { settled: Promise.resolve() };
    throw error;
  }
}

function common({ mac, mtu }: { readonly mac?: string; readonly mtu?: number }): LinkFields {
  return { ...(mac === undefined ? {} : { mac: parseMac(mac) }), ...(mtu === undefined ? {} : { mtu }) };
}

function carryOut({ socket }: Pick<Space, 'socket'>, requests: readonly Request[]): void {
  throwFirst(socket.exchange(requests));
}

function throwFirst(outcomes: readonly Outcome[]): void {
  const failed = outcomes.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw failed.error;
}
