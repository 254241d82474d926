import { type Context, type Random, seededRandom } from '@hawser/core';
import { type HostFeature, hostErrors, type NamespaceId } from '@hawser/core/network';
import { Disturbances } from './disturbances.ts';
import { inconsistencies } from './inconsistencies.ts';
import { addDevice, setUp } from './model/links.ts';
import { parseIp } from './model/ip.ts';
import { endNet, isUnheld, newNet } from './model/net.ts';
import { type Trace, trace } from './model/paths.ts';
import { refuse } from './model/refusal.ts';
import type { Device, Net, Surroundings } from './model/state.ts';
import { Notifications } from './notifications.ts';
import { Revisions } from './revisions.ts';
import { type KernelSnapshot, snapshotNet } from './snapshot.ts';

export interface SimulatedKernelOptions {
  readonly context: Pick<Context, 'clock'>;
  /** The same seed and calls give the same MACs, latencies and round trips; 1 unless told. */
  readonly seed?: number;
  /** Features that this machine lacks, each with the reason. */
  readonly missing?: Partial<Readonly<Record<HostFeature, string>>>;
}

/** Where a new machine begins to count its namespaces. */
const FIRST_INODE = 4_026_531_840;

/**
 * A model of one machine's kernel, in memory. It outlives the hosts that are opened on it, as a kernel outlives the
 * agents that run on it: `openSimulatedHost(kernel)` again is the agent's restart.
 */
export class SimulatedKernel {
  /** Latencies and injected errors. */
  readonly sim: Disturbances;
  readonly missing: Partial<Readonly<Record<HostFeature, string>>>;
  readonly clock: Context['clock'];
  readonly notifications = new Notifications();
  readonly revisions = new Revisions();
  readonly surroundings: Surroundings;
  private readonly random: Random;
  private readonly severed = new Set<() => void>();
  private nets = new Set<Net>();
  private nextInode = FIRST_INODE;
  private boots = 0;
  private ownNet: Net;

  constructor(options: SimulatedKernelOptions) {
    this.clock = options.context.clock;
    this.missing = options.missing ?? {};
    this.random = seededRandom(options.seed ?? 1, this.clock);
    this.sim = new Disturbances(this.clock, this.random);
    this.surroundings = { monotonic: () => this.clock.monotonic(), mac: () => this.newMac() };
    this.ownNet = this.firstNet();
  }

  /** The namespace that agents run in. */
  get own(): Net {
    return this.ownNet;
  }

  /** Changes with each reboot. */
  get bootId(): string {
    return `simulated-${this.boots}`;
  }

  /** A container runtime makes a namespace and binds it to a path; lo is down, as runtimes leave it. */
  createNamespace(path: string): void {
    this.bind(path);
    this.notifications.publish();
  }

  /** A container ends: its path goes, and the namespace with it unless an agent has it open. */
  destroyNamespace(path: string): void {
    const net = this.at(path);
    net.paths.delete(path);
    this.release(net);
  }

  /** A second path to the same namespace. */
  bindNamespace(path: string, existing: string): void {
    if (this.find(path) !== undefined) refuse('EEXIST', `there is a namespace at '${path}'`);
    this.at(existing).paths.add(path);
  }

  /** A NIC of the machine, up, in its own namespace. */
  plug(name: string, mac?: string): void {
    const device = addDevice(this.ownNet, { kind: 'device', name, mac }, this.surroundings);
    setUp(device, this.surroundings);
    this.notifications.publish();
  }

  /** Everything is lost but paths are free again; agents that ran are dead. */
  reboot(): void {
    for (const sever of [...this.severed]) sever();
    for (const net of this.nets) endNet(net, this.surroundings);
    this.nets = new Set();
    this.boots++;
    this.ownNet = this.firstNet();
  }

  /** The way of an echo from the namespace at a path (undefined: the own one): hops, source seen, where it ended. */
  trace(from: string | undefined, to: string): Trace {
    return this.traceFrom(from === undefined ? this.ownNet : this.at(from), to);
  }

  snapshot(): KernelSnapshot {
    return { bootId: this.bootId, namespaces: [...this.nets].map(snapshotNet) };
  }

  /** Breaches of the laws of any kernel; empty unless the model itself is wrong. */
  inconsistencies(): readonly string[] {
    return inconsistencies([...this.nets]);
  }

  // What follows is the hosts' side.

  traceFrom(net: Net, to: string): Trace {
    return trace(net, parseIp(to), this.clock.monotonic());
  }

  find(path: string): Net | undefined {
    return this.nets.values().find((net) => net.paths.has(path));
  }

  at(path: string): Net {
    return this.find(path) ?? refuse('ENOENT', `there is no network namespace at '${path}'`, hostErrors.namespaceGone);
  }

  bind(path: string): Net {
    if (this.find(path) !== undefined) refuse('EEXIST', `there is a namespace at '${path}'`);
    const net = this.add(false);
    net.paths.add(path);
    return net;
  }

  lo(net: Net): Device | undefined {
    return net.devices.get(1);
  }

  /** Ends the namespace when nothing holds it any more, and tells what has changed. */
  release(net: Net): void {
    if (isUnheld(net)) {
      endNet(net, this.surroundings);
      this.nets.delete(net);
    }
    this.notifications.publish();
  }

  /** Round trip of an echo, milliseconds. */
  roundTrip(): number {
    return (20 + this.random.integer(180)) / 1_000;
  }

  /** A host's death, for `reboot`; disposing takes it off again. */
  onReboot(sever: () => void): Disposable {
    this.severed.add(sever);
    return { [Symbol.dispose]: () => void this.severed.delete(sever) };
  }

  private firstNet(): Net {
    const net = this.add(true);
    const lo = this.lo(net);
    if (lo !== undefined) setUp(lo, this.surroundings);
    return net;
  }

  private add(own: boolean): Net {
    const id: NamespaceId = { device: '4', inode: String(this.nextInode++) };
    const net = newNet(id, own, this.surroundings);
    this.nets.add(net);
    return net;
  }

  private newMac(): string {
    const [first = 0, ...rest] = this.random.bytes(6);
    return [(first & 0xfc) | 2, ...rest].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  }
}
