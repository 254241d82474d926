import type { AttachmentClaim, AttachmentRequest, ClaimRequest } from '@hawser/core/network';
import { type HeldClock, heldClock } from '@hawser/core/testing';
import { parseRanges, type RangeConfig } from '../range.ts';
import { RangeIpam } from '../range-ipam.ts';
import { type Ledger, memoryLedger } from './ledger.ts';

export const COOLDOWN_MS = 30_000;

export const request = (staticIps: readonly string[] = []): AttachmentRequest => ({
  containerId: 'c',
  ifname: 'eth0',
  netns: '/run/netns/c',
  network: { name: 'n', settings: {}, capabilities: {} },
  staticIps,
});

export const settings = (cooldownMs: number, ...ranges: readonly RangeConfig[]) => ({ ranges: parseRanges(ranges).ranges, cooldownMs });

/** A ledger in memory by a held clock, the address plugin on it, and containers that ask. */
export class RangeBench implements Disposable {
  readonly clock: HeldClock = heldClock();
  readonly ledger: Ledger = memoryLedger(this.clock);
  readonly #stop = new AbortController();
  #containers = 0;

  /** Until the end of the test. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Knows nothing and follows nobody. */
  make(...ranges: readonly RangeConfig[]): RangeIpam {
    const { claims, metadata, events } = this.ledger;
    return new RangeIpam({ ...settings(COOLDOWN_MS, ...ranges), claims, metadata, events, clock: this.clock });
  }

  async open(...ranges: readonly RangeConfig[]): Promise<RangeIpam> {
    const ipam = this.make(...ranges);
    void ipam.follow(this.signal);
    await ipam.informed;
    return ipam;
  }

  /** For the next container. */
  take(claim: ClaimRequest): Promise<readonly AttachmentClaim[]> {
    const holder = { containerId: `c${this.#containers++}`, ifname: 'eth0' };
    return this.ledger.metadata.write('state', (tx) => claim.take(tx, { holder, lease: 'l' }));
  }

  /** The addresses that one attachment gets. */
  async add(ipam: RangeIpam, ...staticIps: readonly string[]): Promise<readonly string[]> {
    return (await this.take(ipam.claim(request(staticIps)))).map(({ key }) => key);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
