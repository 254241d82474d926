import { isDeepStrictEqual } from 'node:util';
import { type Clock, toHawserError, untilAborted } from '@hawser/core';
import { type Claims, defineCollection, type Events, type Metadata, type Transaction } from '@hawser/core/contracts';
import {
  type AddressClaimData,
  type AttachmentClaim,
  type AttachmentRequest,
  type ClaimContext,
  type ClaimRequest,
  type Family,
  formatCidr,
  formatIp,
  type Ip,
  ipamErrors,
  type Ipam,
  parseIp,
} from '@hawser/core/network';
import { LedgerFollower } from './ledger-follower.ts';
import { Pool, type Usage } from './pool.ts';
import type { Range } from './range.ts';
import { parseStatic, type StaticAddress } from './static-addresses.ts';

/** Name of a range → the address that it handed out last. */
const cursors = defineCollection('state', 'ipam_cursor');

/** What may change while addresses are handed out. */
export interface RangeSettings {
  readonly ranges: readonly Range[];
  readonly cooldownMs: number;
}

export interface RangeIpamOptions extends RangeSettings {
  readonly claims: Claims;
  readonly metadata: Pick<Metadata, 'read'>;
  readonly events: Pick<Events, 'subscribe'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

/** Hands out addresses of ranges, once it is `informed`: first free behind a durable cursor, so that a released one comes last. */
export class RangeIpam implements Ipam {
  readonly #options: RangeIpamOptions;
  readonly #follower: LedgerFollower;
  #settings: RangeSettings;
  #pools: readonly Pool[];

  constructor(options: RangeIpamOptions) {
    this.#options = options;
    this.#settings = options;
    this.#pools = options.ranges.map((range) => this.#poolOf(range));
    this.#follower = new LedgerFollower({ ...options, pools: this.#pools });
  }

  /** Resolves when it knows what is taken, which wants `follow` to run. */
  get informed(): Promise<void> {
    return this.#follower.ready;
  }

  ready(): void {
    for (const family of this.#families()) {
      const usages = this.#usagesOf(family);
      if (usages.every(({ total, held }) => BigInt(held) >= total)) throw exhausted(usages);
    }
  }

  /** Keeps in mind what is taken, until the signal aborts. */
  follow(signal: AbortSignal): Promise<void> {
    return this.#follower.follow(signal);
  }

  /**
   * Hands out addresses by other settings, without a moment in which none is to be had: a new range is used once the ledger has
   * been read for it. Claims of a range that goes stay with their holders. Rejects with the signal's reason, and has changed nothing then.
   */
  async reconfigure(settings: RangeSettings, signal: AbortSignal): Promise<void> {
    const former = this.#pools;
    const pools = settings.ranges.map((range) => former.find((pool) => isDeepStrictEqual(pool.range, range)) ?? this.#poolOf(range));
    if (pools.some((pool) => !former.includes(pool))) {
      try {
        await untilAborted(this.#follower.follows([...new Set([...former, ...pools])]), signal);
      } catch (error) {
        this.#follower.narrow(former);
        throw error;
      }
    }
    this.#pools = pools;
    this.#settings = settings;
    this.#follower.narrow(pools);
  }

  #poolOf(range: Range): Pool {
    const { claims, clock } = this.#options;
    return new Pool({ claims, clock, range, doubt: () => this.#follower.reread() });
  }

  /** What became of each range's addresses. */
  usage(): readonly Usage[] {
    return this.#pools.map((pool) => pool.usage());
  }

  subnets(): readonly { readonly subnet: string; readonly gateway: string }[] {
    const subnets = new Map(this.#settings.ranges.map((range) => [formatCidr(range.subnet), gatewayOf(range)]));
    return Array.from(subnets, ([subnet, gateway]) => ({ subnet, gateway }));
  }

  claim(request: AttachmentRequest): ClaimRequest {
    const asked = () => parseStatic(request.staticIps, this.#settings.ranges);
    // What can't be had is refused before anything is done.
    asked();
    return {
      type: 'address',
      take: (tx, context) => {
        // By the ranges of the moment: they may have changed since the claim was made.
        const wanted = asked();
        return this.#families().map((family) => this.#takeOne(tx, context, family, wanted.get(family)));
      },
    };
  }

  #families(): readonly Family[] {
    return ([4, 6] as const).filter((family) => this.#pools.some((pool) => pool.range.family === family));
  }

  #takeOne(tx: Transaction, context: ClaimContext, family: Family, asked: StaticAddress | undefined): AttachmentClaim {
    const { ip, range } = asked ? this.#demand(tx, asked) : this.#search(tx, family);
    const key = formatIp(ip);
    const data: AddressClaimData = {
      address: `${key}/${range.subnet.length}`,
      subnet: formatCidr(range.subnet),
      gateway: gatewayOf(range),
    };
    const { cooldownMs } = this.#settings;
    const { claims } = this.#options;
    claims.take(tx, {
      type: 'address',
      key,
      holder: context.holder,
      data,
      lease: context.lease,
      cooldownMs,
      evenCooling: asked !== undefined,
    });
    tx.afterCommit(() => this.#noteHeld(ip));
    return { type: 'address', key, data };
  }

  /** Before the ledger's event comes round, so that the next search leaps over it. */
  #noteHeld(ip: Ip): void {
    for (const pool of this.#pools) pool.note(ip, 'held');
  }

  /** The address that was asked for, which nobody may hold; its cooldown is over when somebody wants just this one. */
  #demand(tx: Transaction, asked: StaticAddress): StaticAddress {
    const key = formatIp(asked.ip);
    const { claims } = this.#options;
    if (claims.isFree(tx, 'address', key)) return asked;
    const claim = claims.get(tx, 'address', key);
    if (!claim?.holder) return asked;
    const { containerId, ifname } = claim.holder;
    throw ipamErrors.addressInUse(`${key} is held by ${containerId} on ${ifname}`, {
      details: { address: key, state: claim.state, containerId, ifname },
    });
  }

  #search(tx: Transaction, family: Family): { readonly ip: Ip; readonly range: Range } {
    const pools = this.#pools.filter((pool) => pool.range.family === family);
    for (const pool of pools) {
      const { name } = pool.range;
      const ip = pool.find(tx, lastOf(tx, name));
      if (!ip) continue;
      tx.put(cursors, name, formatIp(ip));
      return { ip, range: pool.range };
    }
    throw exhausted(this.#usagesOf(family));
  }

  #usagesOf(family: Family): readonly Usage[] {
    return this.#pools.filter((pool) => pool.range.family === family).map((pool) => pool.usage());
  }
}

/** The address handed out last. It only says where to begin: one that can't be read says nothing. */
function lastOf(tx: Transaction, name: string): bigint | undefined {
  try {
    const last = tx.get(cursors, name);
    return typeof last === 'string' ? parseIp(last)?.value : undefined;
  } catch (error) {
    if (toHawserError(error).code !== 'metadata.damaged') throw error;
    return undefined;
  }
}

function exhausted(pools: readonly Usage[]): Error {
  // Where none is left, what does not cool is held, if only by the commit that is being made.
  const usages = pools.map((usage) => ({ ...usage, held: Number(usage.total) - usage.cooling }));
  const counts = usages.map(({ range, total, held, cooling }) => `${range}: ${total} in all, ${held} held, ${cooling} cooling down`);
  return ipamErrors.exhausted(`no address is left in ${counts.join('; ')}`, {
    details: { ranges: usages.map(({ range, total, held, cooling }) => ({ range, total: String(total), held, cooling })) },
  });
}

const gatewayOf = ({ family, gateway }: Range): string => formatIp({ family, value: gateway });
