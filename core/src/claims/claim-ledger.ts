import { type Clock, steadyTime } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import { readCondemned } from '../gc/condemned.ts';
import { parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import { EXPIRE_LABEL } from '../leases/expiry.ts';
import { type ListOptions, type Page, readPage } from '../metadata/listing.ts';
import { timeText } from '../metadata/rfc3339.ts';
import type { Snapshot, Snapshots, Snapshotter } from '../metadata/snapshots.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import { readRecords, type SnapshotRecord } from '../snapshots/snapshot-records.ts';
import { claimListing, type ClaimRecords } from './claim-listing.ts';
import { CLAIM, type ClaimData, claimKey, isClaimData, toClaim } from './claim-record.ts';
import type { Claim, Claims, Holder, TakenClaim, TakeOptions } from './claims.ts';
import { claimErrors } from './errors.ts';
import { releasingSince } from './releasing.ts';

export interface LedgerDependencies {
  readonly snapshots: Pick<Snapshots, 'open'>;
  readonly events: Pick<Events, 'publish'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

/** What cannot be read is in the way until somebody says otherwise. */
const DAMAGED: SnapshotRecord = { kind: 'committed', parents: [], labels: {}, createdAt: '', updatedAt: '', data: {} };

const TYPE = /^[a-z][a-z0-9-]*$/;

/**
 * The ledger over snapshots of type `claim`.
 *
 * ```
 * free ─take→ held (committed, kept by its lease, then by its attachment)
 * held ─nothing keeps it→ cooling (a new record, rooted until `gc.expire`) ─time→ free
 * ```
 */
export class ClaimLedger implements Claims, Disposable {
  readonly #events: LedgerDependencies['events'];
  readonly #clock: LedgerDependencies['clock'];
  readonly #records: Snapshotter<ClaimData> & Disposable;

  constructor({ snapshots, events, clock }: LedgerDependencies) {
    this.#events = events;
    this.#clock = clock;
    this.#records = snapshots.open<ClaimData>({
      type: CLAIM,
      store: 'state',
      quiet: true,
      isData: isClaimData,
      removed: (tx, snapshot) => this.#removed(tx, snapshot),
    });
  }

  take(
    tx: Transaction,
    { type, key, holder, data, lease = tx.lease, cooldownMs = 0, evenCooling = false, orOwn = false }: TakeOptions,
  ): Claim {
    tx.refuseWhenFull();
    if (!TYPE.test(type)) throw claimErrors.invalidType(`'${type}' is no type of claim`);
    if (lease === undefined) throw claimErrors.noLease(`${type} ${key} was to be taken without a lease`);
    const name = claimKey(type, key);
    const former = this.#records.get(tx, name);
    if (former !== undefined && orOwn && isHeldBy(former, holder)) return this.#takeAgain(tx, former, lease);
    if (former !== undefined) this.#displace(tx, former, evenCooling);
    const record: ClaimData = {
      state: 'held',
      holder: { ...holder },
      since: this.#now(),
      cooldownMs: Math.min(cooldownMs, Number.MAX_SAFE_INTEGER),
      data,
    };
    const claim = toClaim(this.#records.prepare(tx, name, { data: record, lease, committed: true }));
    this.#publish(tx, 'taken', claim, { holder: { ...holder } });
    return claim;
  }

  isFree(tx: ReadTransaction, type: string, key: string): boolean {
    const record = this.#records.get(tx, claimKey(type, key));
    return record === undefined || this.#isOver(record);
  }

  get(tx: ReadTransaction, type: string, key: string): Claim | undefined {
    const record = this.#records.get(tx, claimKey(type, key));
    return record && this.#claim(tx, record);
  }

  *list(tx: ReadTransaction, type?: string): Iterable<Claim> {
    const range = type === undefined ? {} : { prefix: `${type}/` };
    const claim = listed(tx);
    for (const record of this.#records.walk(tx, range)) yield claim(record);
  }

  page(tx: ReadTransaction, options?: ListOptions): Page<Claim> {
    const records = {
      walk: (range: Parameters<ClaimRecords['walk']>[0]) => this.#records.walk(tx, range),
      claim: listed(tx),
    };
    return readPage(claimListing(records), options);
  }

  *taken(tx: ReadTransaction, type: string, after?: string): Iterable<TakenClaim> {
    const prefix = `${CLAIM}/${type}/`;
    for (const [name, { data, labels }] of readRecords(tx, prefix, after === undefined ? undefined : prefix + after, DAMAGED)) {
      const until = isClaimData(data) && data.state === 'cooling' ? labels[EXPIRE_LABEL] : undefined;
      yield { key: name.slice(prefix.length), ...(until === undefined ? {} : { until }) };
    }
  }

  /** Type → how many are held, those being released included, and how many cool. */
  count(tx: ReadTransaction): ReadonlyMap<string, { readonly held: number; readonly cooling: number }> {
    const counts = new Map<string, { held: number; cooling: number }>();
    for (const { key, data } of this.#records.walk(tx)) {
      const type = key.slice(0, key.indexOf('/'));
      const count = counts.get(type) ?? { held: 0, cooling: 0 };
      count[data.state]++;
      counts.set(type, count);
    }
    return counts;
  }

  [Symbol.dispose](): void {
    this.#records[Symbol.dispose]();
  }

  #takeAgain(tx: Transaction, former: Snapshot<ClaimData>, lease: string): Claim {
    this.#records.lease(tx, former.key, lease);
    return this.#claim(tx, former);
  }

  /** Makes room where only a record of its cooldown is left; says who has it where it is held. */
  #displace(tx: Transaction, former: Snapshot<ClaimData>, evenCooling: boolean): void {
    const claim = this.#claim(tx, former);
    const details = { type: claim.type, key: claim.key };
    if (former.data.state === 'held') {
      const { containerId = '', ifname = '' } = claim.holder ?? {};
      throw claimErrors.alreadyHeld(`${claim.type} ${claim.key} is held by ${containerId}/${ifname}`, {
        details: { ...details, containerId, ifname },
      });
    }
    if (!evenCooling && !this.#isOver(former)) {
      const until = former.labels[EXPIRE_LABEL] ?? 'further notice';
      throw claimErrors.cooling(`${claim.type} ${claim.key} is cooling until ${until}`, { details: { ...details, until } });
    }
    this.#records.remove(tx, former.key);
  }

  #isOver({ data, labels }: Snapshot<ClaimData>): boolean {
    return data.state === 'cooling' && Date.parse(labels[EXPIRE_LABEL] ?? '') <= steadyTime(this.#clock).now();
  }

  /** The record is gone: what was held begins to cool, what has cooled is free. */
  #removed(tx: Transaction, snapshot: Snapshot<ClaimData>): void {
    const { key: name, data: record } = snapshot;
    const claim = toClaim(snapshot);
    if (record.state === 'cooling' || record.cooldownMs <= 0) {
      this.#publish(tx, 'freed', claim);
      return;
    }
    const until = timeText(steadyTime(this.#clock).after(record.cooldownMs));
    const { cooldownMs, data } = record;
    const cooling: ClaimData = { state: 'cooling', since: this.#now(), cooldownMs, data };
    this.#records.prepare(tx, name, { data: cooling, labels: { [EXPIRE_LABEL]: until }, committed: true });
    this.#publish(tx, 'cooling', claim, { until });
  }

  #claim(tx: ReadTransaction, record: Snapshot<ClaimData>): Claim {
    return toClaim(record, record.data.state === 'held' ? this.#releasingSince(tx, record.key) : undefined);
  }

  /** Since when what stands on it is condemned. */
  #releasingSince(tx: ReadTransaction, name: string): string | undefined {
    for (const child of this.#records.children(tx, name)) {
      const node = parseNode(child);
      const condemned = node && readCondemned(tx, node);
      if (condemned !== undefined) return condemned.since;
    }
    return undefined;
  }

  #publish(tx: Transaction, verb: string, { type, key }: Pick<Claim, 'type' | 'key'>, facts: JsonObject = {}): void {
    this.#events.publish(tx, { topic: `/claims/${verb}`, data: { type, key, ...facts } });
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

/** Records as claims, for one listing. */
function listed(tx: ReadTransaction): (record: Snapshot<ClaimData>) => Claim {
  let releasing: ReadonlyMap<string, string> | undefined;
  return (record) => {
    if (record.data.state !== 'held') return toClaim(record);
    releasing ??= releasingSince(tx);
    return toClaim(record, releasing.get(`${CLAIM}/${record.key}`));
  };
}

const isHeldBy = ({ data }: Snapshot<ClaimData>, { containerId, ifname }: Holder): boolean =>
  data.state === 'held' && data.holder?.containerId === containerId && data.holder.ifname === ifname;
