import type { Clock, Random } from '@hawser/core';
import { hostErrors, type Link } from '@hawser/core/network';
import type { Asked } from './exchanges.ts';
import type { LinkIndex } from './link-index.ts';
import { decodeGroup, decodeLink, deleteGroup, deleteLink, dumpLinks, setLink } from './netlink/link.ts';
import type { Request } from './netlink/message.ts';
import type { Outcome } from './netlink/socket.ts';

/** Times that a deletion waits for more links while they keep coming. */
const MAX_GATHERINGS = 10;
/** Links that one request deletes: the kernel holds its lock until all are gone, and what it answers fits into a socket. */
const MAX_TOGETHER = 63;
/** Deletions that the kernel has not answered; each takes one of libuv's four threads, which the store's commits need too. */
const MAX_UNANSWERED = 2;
const LONGEST_PAUSE_MS = 16;
/** Groups of batches have numbers from here to twice that. */
const BATCH_GROUPS = 0x4000_0000;

/** What is no link of software and can't be deleted. */
const FIXED: ReadonlySet<string> = new Set(['device', 'loopback']);

export const isVirtual = ({ kind }: Pick<Link, 'kind'>): boolean => !FIXED.has(kind);

interface Leaving {
  readonly name: string;
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type Batch = ReadonlyMap<number, Leaving>;

export interface RetirementOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Links of this group are ours to delete. */
  readonly group: number;
  /** A deletion waits for others as long as one has come in this time, ten times at most; milliseconds. A link alone waits a third of it. */
  readonly gatherMs: number;
  readonly space: Asked;
  readonly links: LinkIndex;
  /** Called when there is work, and the returned function when it is done: keeps the namespace open in between. */
  retain(): () => void;
}

/**
 * Deletes links without making anybody wait for the kernel's RCU: a link is taken down and moved to our group in one
 * message (0.2 ms, confirmed by its acknowledgement), and one request that deletes all that gathered follows on a
 * worker thread: 38 ms for 50 links, where 50 requests take a second. The group survives this process: what a crash
 * leaves in it is deleted at the next start.
 *
 * A batch has a group of its own, drawn when it is deleted, so that no link of others goes with it. Its links are gone
 * when nobody finds them any more, half a millisecond after the request: they have neither name nor address nor route
 * then, and nothing brings them back. The kernel's answer takes twenty times as long, for it waits until no processor reads them.
 */
export class Retirement {
  readonly #options: RetirementOptions;
  readonly #leaving = new Map<number, Leaving>();
  readonly #deleting = new Map<number, Leaving>();
  /** Requests that the kernel has not answered. */
  readonly #unanswered = new Set<Promise<void>>();
  #run: Promise<void> | undefined;
  #hurry = new AbortController();

  constructor(options: RetirementOptions) {
    this.#options = options;
  }

  /** Silences the link; `settled` as the contract's `retireLink` has it. */
  retire(index: number, name: string): { readonly settled: Promise<void> } {
    const { space, group } = this.#options;
    space.socket.request(setLink({ index, up: false, group }, `retire link '${name}'`));
    return { settled: this.#add(index, name) };
  }

  /** Deletes one link by itself and waits for the kernel to be done with it. */
  async deleteNow(index: number, name: string): Promise<void> {
    const [outcome] = await this.#onWorker([deleteLink(index, `delete link '${name}'`)]);
    if (outcome?.error !== undefined) throw outcome.error;
  }

  /** Deletes what is in the group already. */
  sweep(): readonly Promise<void>[] {
    return this.#members()
      .filter((link) => isOurs(link))
      .map((link) => this.#add(link.index, link.name));
  }

  /** The deletion of the link with this index, if it is under way or to come; it does not wait for more links then. */
  pending(index: number): Promise<void> | undefined {
    const leaving = this.#deleting.get(index) ?? this.#leaving.get(index);
    if (leaving !== undefined) this.#hurry.abort();
    return leaving?.settled;
  }

  /** Resolves when nothing is left to delete, and the kernel has answered. */
  async idle(): Promise<void> {
    this.#hurry.abort();
    await this.#run;
    await Promise.all(this.#unanswered);
  }

  #add(index: number, name: string): Promise<void> {
    const known = this.#deleting.get(index) ?? this.#leaving.get(index);
    if (known !== undefined) return known.settled;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever asked may have gone; the failure must not end the process then.
    promise.catch(() => undefined);
    this.#leaving.set(index, { name, settled: promise, resolve, reject });
    this.#run ??= this.#deleteAll();
    return promise;
  }

  async #deleteAll(): Promise<void> {
    const release = this.#options.retain();
    try {
      while (this.#leaving.size > 0) {
        await this.#gather();
        if (this.#unanswered.size >= MAX_UNANSWERED) await Promise.race(this.#unanswered);
        await this.#deleteBatch(this.#nextBatch());
      }
    } finally {
      this.#run = undefined;
      release();
    }
  }

  #nextBatch(): Batch {
    const batch = new Map([...this.#leaving].slice(0, MAX_TOGETHER));
    for (const [index, leaving] of batch) {
      this.#leaving.delete(index);
      this.#deleting.set(index, leaving);
    }
    return batch;
  }

  /** Until no more come: the kernel holds its lock through a deletion, and whoever retires a link then waits for it. */
  async #gather(): Promise<void> {
    const { clock, gatherMs } = this.#options;
    const { signal } = this.#hurry;
    for (let round = 0, known = 0; round < MAX_GATHERINGS && known < this.#leaving.size && !signal.aborted; round++) {
      known = this.#leaving.size;
      await clock.sleep(known === 1 ? gatherMs / 3 : gatherMs, signal).catch(() => undefined);
    }
    this.#hurry = new AbortController();
  }

  /** Resolves when each link of the batch has settled, whether or not the kernel has answered by then. */
  async #deleteBatch(batch: Batch): Promise<void> {
    const release = this.#options.retain();
    const answered = this.#deleteTogether(batch)
      .then(
        (failure) => this.#settle(batch, failure),
        (failure: unknown) => this.#settle(batch, failure),
      )
      .finally(() => {
        this.#unanswered.delete(answered);
        release();
      });
    this.#unanswered.add(answered);
    const over = new AbortController();
    await Promise.race([answered, this.#settleAsTheyGo(batch, over.signal).catch(() => answered)]);
    over.abort();
  }

  /** Resolves with the reason why some may be left. */
  async #deleteTogether(batch: Batch): Promise<unknown> {
    const group = BATCH_GROUPS + this.#options.random.integer(BATCH_GROUPS);
    const gathered = Array.from(batch, ([index, { name }]) => setLink({ index, group }, `retire link '${name}'`));
    await this.#onWorker([...gathered, deleteGroup(group, `delete the links of group ${group}`)]);
    const left = [...batch].filter(([index]) => this.#isThere(index));
    if (left.length === 0) return undefined;
    const outcomes = await this.#onWorker(left.map(([index, { name }]) => deleteLink(index, `delete link '${name}'`)));
    return outcomes.find(({ error }) => error !== undefined && !hostErrors.notFound.is(error))?.error;
  }

  /** Looks after ever longer pauses which are gone. */
  async #settleAsTheyGo(batch: Batch, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let pauseMs = 1; this.#resolveGone(batch) > 0; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS))
      await clock.sleep(pauseMs, signal);
  }

  #settle(batch: Batch, failure: unknown): void {
    let reason = failure;
    try {
      if (this.#resolveGone(batch) === 0) return;
    } catch (error) {
      reason ??= error;
    }
    for (const [index, leaving] of this.#unsettled(batch)) {
      this.#deleting.delete(index);
      leaving.reject(reason ?? hostErrors.busy(`link '${leaving.name}' is still there after its deletion`));
    }
  }

  /** Settles what nobody finds any more; how many are left. */
  #resolveGone(batch: Batch): number {
    const unsettled = this.#unsettled(batch);
    const gone = unsettled.filter(([index]) => !this.#isThere(index));
    for (const [index, { resolve }] of gone) {
      this.#deleting.delete(index);
      resolve();
    }
    return unsettled.length - gone.length;
  }

  #unsettled(batch: Batch): readonly (readonly [number, Leaving])[] {
    return [...batch].filter(([index, leaving]) => this.#deleting.get(index) === leaving);
  }

  #onWorker(requests: readonly Request[]): Promise<readonly Outcome[]> {
    return this.#options.space.withSocket((socket) => socket.exchangeOnWorker(requests));
  }

  #isThere(index: number): boolean {
    return this.#options.links.nameOf(index) !== undefined;
  }

  #members(): readonly Link[] {
    const { space, group } = this.#options;
    return space.socket.dump(dumpLinks('list links'), (message) => (decodeGroup(message) === group ? decodeLink(message) : undefined));
  }
}

/** What a retired link looks like, whoever retired it. */
function isOurs(link: Link): boolean {
  return !link.up && isVirtual(link);
}
