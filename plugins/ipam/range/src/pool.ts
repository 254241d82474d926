import { type Clock, steadyTime } from '@hawser/core';
import type { Claims, ReadTransaction } from '@hawser/core/contracts';
import { formatIp, type Ip } from '@hawser/core/network';
import type { Range } from './range.ts';
import { TakenAddresses } from './taken-addresses.ts';

/** What became of a range's addresses. */
export interface Usage {
  readonly range: string;
  readonly total: bigint;
  /** Those being released included. */
  readonly held: number;
  readonly cooling: number;
}

export interface PoolOptions {
  readonly range: Range;
  readonly claims: Pick<Claims, 'isFree'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Called when the ledger has contradicted the index. */
  readonly doubt: () => void;
}

/** Looks into the ledger that make sure of an exhausted range (some milliseconds), or that tell that the index is out of step. */
const LOOKS = 128;

/**
 * Finds free addresses in one range by an index of those that are taken. The ledger decides, inside the caller's
 * transaction: a search costs one look as long as the index is in step, and goes on until it has found one where it isn't.
 *
 * A range is called exhausted when the index has none left and the ledger agrees on the next `LOOKS` of them: on all,
 * where a range has no more than that; where it has more, each time on the next ones, so that even an index that had
 * missed something would hold for a few tries and not for ever.
 */
export class Pool {
  readonly range: Range;
  readonly #options: PoolOptions;
  #taken = new TakenAddresses();
  /** The one that is being made anew. */
  #draft: TakenAddresses | undefined;
  #audited: bigint;

  constructor(options: PoolOptions) {
    this.range = options.range;
    this.#options = options;
    this.#audited = options.range.first;
  }

  /** The first free address behind `cursor`, coming round to it at last; undefined where none is left. */
  find(tx: ReadTransaction, cursor: bigint | undefined): Ip | undefined {
    const { first, last } = this.range;
    const start = cursor === undefined || cursor < first || cursor >= last ? first : cursor + 1n;
    const now = steadyTime(this.#options.clock).now();
    this.#taken.thaw(now, LOOKS);
    return this.#leap(tx, start) ?? (this.#taken.thawAll(now) ? this.#leap(tx, start) : undefined) ?? this.#audit(tx);
  }

  usage(): Usage {
    const { held, cooling } = this.#taken;
    return { range: this.range.name, total: this.range.total, held, cooling };
  }

  /** What the ledger tells of an address: held, cooling until a time, or free. Others' addresses are left out. */
  note({ family, value }: Ip, state: 'held' | 'free' | { readonly until: number }): void {
    const { range } = this;
    if (family !== range.family || value < range.first || range.last < value || value === range.gateway) return;
    for (const index of [this.#taken, this.#draft]) {
      if (state === 'held') index?.hold(value);
      else if (state === 'free') index?.free(value);
      else index?.cool(value, state.until);
    }
  }

  /** Begins an index from nothing, which learns what is noted from now on beside the one in use. */
  draft(): void {
    this.#draft = new TakenAddresses();
  }

  /** Puts the new index to use. */
  adopt(): void {
    this.#taken = this.#draft ?? this.#taken;
    this.#draft = undefined;
  }

  #leap(tx: ReadTransaction, start: bigint): Ip | undefined {
    const { first, last } = this.range;
    let looks = 0;
    for (const [from, to] of [
      [start, last],
      [first, start - 1n],
    ] as const) {
      for (let value = this.#next(from); value <= to; value = this.#next(value + 1n)) {
        if (this.#isFree(tx, value)) return this.#ip(value);
        if (++looks === LOOKS) this.#options.doubt();
      }
    }
    return undefined;
  }

  #next(from: bigint): bigint {
    const free = this.#taken.nextFree(from);
    return free === this.range.gateway ? this.#taken.nextFree(free + 1n) : free;
  }

  /** Asks the ledger about the next ones whatever the index says. */
  #audit(tx: ReadTransaction): Ip | undefined {
    const { first, last, gateway } = this.range;
    const steps = last - first < LOOKS ? last - first + 1n : BigInt(LOOKS);
    for (let step = 0n; step < steps; step++) {
      const value = this.#audited;
      this.#audited = value === last ? first : value + 1n;
      if (value === gateway || !this.#isFree(tx, value)) continue;
      this.#options.doubt();
      return this.#ip(value);
    }
    return undefined;
  }

  #isFree(tx: ReadTransaction, value: bigint): boolean {
    return this.#options.claims.isFree(tx, 'address', formatIp(this.#ip(value)));
  }

  #ip(value: bigint): Ip {
    return { family: this.range.family, value };
  }
}
