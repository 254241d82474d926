import type { Clock } from '@hawser/core';
import type { Claims, ReadTransaction } from '@hawser/core/contracts';
import { formatIp, type Ip, parseIp } from '@hawser/core/network';
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

/** A range of up to this many addresses is searched in the ledger itself. */
const SMALL = 1_024n;
/** Taken addresses met in a row after which the ledger is read as a whole. */
const PATIENCE = 64;
/** The ledger is read as a whole for at most this share of the time. */
const SCAN_PAUSE = 10;

/**
 * Finds free addresses in one range. The ledger decides, inside the caller's transaction; what this keeps in memory
 * only shortens the way: a search in a range of any size meets a few dozen addresses, and reads the whole ledger
 * about once per lap of the cursor.
 */
export class Pool {
  readonly range: Range;
  readonly #claims: Claims;
  readonly #clock: Clock;
  #taken = new TakenAddresses();
  #usage: Usage | undefined;
  #nextScan = 0;

  constructor(range: Range, claims: Claims, clock: Clock) {
    this.range = range;
    this.#claims = claims;
    this.#clock = clock;
  }

  /** The first free address behind `cursor`, coming round to it at last; undefined where none is left. */
  find(tx: ReadTransaction, cursor: bigint | undefined): Ip | undefined {
    const { first, last } = this.range;
    const start = cursor === undefined || cursor < first || cursor >= last ? first : cursor + 1n;
    if (this.range.total <= SMALL) return this.#walk(tx, start, last) ?? this.#walk(tx, first, start - 1n);
    return this.#leap(tx, start) ?? (this.#scan(tx) ? this.#leap(tx, start) : undefined);
  }

  /** Counts by the ledger; of a large range as they were when it was last read as a whole. */
  usage(tx: ReadTransaction): Usage {
    if (this.range.total > SMALL) this.#scan(tx);
    return this.range.total > SMALL && this.#usage ? this.#usage : this.#count(tx, () => {});
  }

  #walk(tx: ReadTransaction, from: bigint, to: bigint): Ip | undefined {
    for (let value = from; value <= to; value++) if (this.#isFree(tx, value)) return this.#ip(value);
    return undefined;
  }

  #leap(tx: ReadTransaction, start: bigint): Ip | undefined {
    const { first, last } = this.range;
    let met = 0;
    for (const [from, to] of [[start, last], [first, start - 1n]] as const) {
      for (let value = this.#taken.nextFree(from); value <= to; value = this.#taken.nextFree(value)) {
        if (this.#isFree(tx, value)) return this.#ip(value);
        this.#taken.add(value);
        if (++met === PATIENCE) this.#scan(tx);
      }
    }
    return undefined;
  }

  /** Reads the ledger as a whole, unless that was just done. */
  #scan(tx: ReadTransaction): boolean {
    const began = this.#clock.monotonic();
    if (began < this.#nextScan) return false;
    const taken = new TakenAddresses();
    this.#usage = this.#count(tx, (value) => taken.add(value));
    this.#taken = taken;
    const ended = this.#clock.monotonic();
    this.#nextScan = ended + (ended - began) * SCAN_PAUSE;
    return true;
  }

  #count(tx: ReadTransaction, found: (value: bigint) => void): Usage {
    let held = 0;
    let cooling = 0;
    for (const claim of this.#claims.list(tx, 'address')) {
      const ip = parseIp(claim.key);
      if (!ip || !this.#hasInside(ip)) continue;
      if (claim.state !== 'cooling') held++;
      else if (this.#claims.isFree(tx, 'address', claim.key)) continue;
      else cooling++;
      found(ip.value);
    }
    return { range: this.range.name, total: this.range.total, held, cooling };
  }

  #hasInside({ family, value }: Ip): boolean {
    return family === this.range.family && this.range.first <= value && value <= this.range.last && value !== this.range.gateway;
  }

  #isFree(tx: ReadTransaction, value: bigint): boolean {
    return value !== this.range.gateway && this.#claims.isFree(tx, 'address', formatIp(this.#ip(value)));
  }

  #ip(value: bigint): Ip {
    return { family: this.range.family, value };
  }
}
