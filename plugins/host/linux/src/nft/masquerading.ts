import { HawserError } from '@hawser/core';
import { hostErrors, type Masquerade } from '@hawser/core/network';
import { parseAddress, parseCidr } from '../address-text.ts';
import { NETLINK_NETFILTER, NetlinkSocket, openNetlink } from '../netlink/socket.ts';
import { elementBatch } from './elements.ts';
import { type NftOptions, runNft } from './process.ts';
import { dumpRules } from './rules.ts';
import { CHAIN, type Entries, elementChanges, entriesOf, entryKey, RULES, wholeTable } from './ruleset.ts';

export interface MasqueradingOptions extends NftOptions {
  /** Name of our table in family inet. */
  readonly table: string;
  readonly receiveTimeoutMs: number;
  /** Called when there is work, and the returned function when it is done. */
  retain(): () => void;
}

interface Change {
  readonly add: readonly Masquerade[];
  readonly remove: readonly Masquerade[];
  readonly done: PromiseWithResolvers<void>;
}

/** How long a table without entries waits for the next one: making it takes an nft process, an element doesn't. */
const EMPTY_TABLE_MS = 2_000;
/** More entries in one change are nft's, whose buffers grow with them. */
const MAX_BATCH = 512;

/**
 * The masquerade entries of one namespace. Changes that come while others are carried out become one transaction
 * afterwards. What is in the table is read once, then known, whatever somebody else does to it: one that was flushed comes
 * back whole with the next change, or with `restore`. nft makes the table and takes it away; entries come and go in it by
 * messages of our own, which need no process.
 */
export class Masquerading implements Disposable {
  readonly #options: MasqueradingOptions;
  readonly #waiting: Change[] = [];
  /** Kept open: the kernel waits for its RCU, 20 ms and more, when a socket of nfnetlink is closed after a deletion. */
  readonly #socket: NetlinkSocket;
  #known: Entries | undefined;
  /** Whether the kernel has our table, as far as this object knows. */
  #made = false;
  #working: Promise<void> | undefined;
  #removal: Disposable | undefined;

  constructor(options: MasqueradingOptions) {
    this.#options = options;
    const { libc, netns, receiveTimeoutMs } = options;
    this.#socket = new NetlinkSocket(libc, () => netns.run(() => openNetlink(libc, { protocol: NETLINK_NETFILTER, receiveTimeoutMs })));
  }

  /** Resolves when the kernel has it. Throws `host.invalid` for text that is no address. */
  apply(add: readonly Masquerade[], remove: readonly Masquerade[]): Promise<void> {
    for (const entry of [...add, ...remove]) checkEntry(entry);
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ add, remove, done });
    this.#working ??= this.#work();
    return done.promise;
  }

  /** As the kernel has them. */
  async list(): Promise<Entries> {
    try {
      return entriesOf(JSON.parse(await runNft(this.#options, ['-j', 'list', 'table', 'inet', this.#options.table], '')));
    } catch (error) {
      if (hostErrors.kernel.is(error) && /No such file/.test(error.message)) return new Map();
      if (error instanceof SyntaxError) throw hostErrors.kernel('nft printed something that is no JSON', { cause: error });
      throw error;
    }
  }

  /**
   * Puts the table back where somebody else has taken it or its rules away; whether that was so. Nothing of it is known before
   * the first change, or `learn`.
   */
  async restore(): Promise<boolean> {
    const known = this.#known;
    if (this.#working !== undefined || known === undefined || known.size === 0) return false;
    const { table } = this.#options;
    if (this.#socket.dump(dumpRules(table, CHAIN), () => true).length === RULES) return false;
    await this.#alone(() => this.#loadWhole(known));
    return true;
  }

  /** Reads what an earlier process has made, where no change has read it yet. */
  async learn(): Promise<void> {
    if (this.#working === undefined) await this.#alone(() => this.#read());
  }

  /** Resolves when nothing is under way and no table without entries is left. */
  async idle(): Promise<void> {
    await this.#working;
    if (this.#removal !== undefined) await this.#removeTable();
  }

  async #work(): Promise<void> {
    const release = this.#options.retain();
    this.#keepTable();
    try {
      while (this.#waiting.length > 0) {
        const changes = this.#waiting.splice(0);
        await this.#carryOut(changes).then(
          () => changes.forEach(({ done }) => done.resolve()),
          (error: unknown) => changes.forEach(({ done }) => done.reject(error)),
        );
      }
    } finally {
      this.#working = undefined;
      if (this.#made && this.#known?.size === 0) this.#removeTableSoon();
      release();
    }
  }

  #removeTableSoon(): void {
    const release = this.#options.retain();
    const timer = this.#options.clock.timer(EMPTY_TABLE_MS, () => void this.#removeTable());
    this.#removal = {
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        release();
      },
    };
  }

  #keepTable(): void {
    this.#removal?.[Symbol.dispose]();
    this.#removal = undefined;
  }

  /** One that can't be taken away harms nobody, and goes after the next entry. */
  #removeTable(): Promise<unknown> {
    return this.#alone(() => {
      this.#keepTable();
      this.#made = false;
      return this.#loadWhole(new Map()).catch(() => undefined);
    });
  }

  /** Does something between changes: those that come meanwhile are carried out afterwards. */
  #alone(work: () => Promise<unknown>): Promise<unknown> {
    const release = this.#options.retain();
    const done = work();
    const next = (): void => {
      this.#working = this.#waiting.length > 0 ? this.#work() : undefined;
      release();
    };
    this.#working = done.then(next, next);
    return done;
  }

  /** Of one that fails everything that it names may be there or not, and is named again by who repeats or undoes it. */
  async #carryOut(changes: readonly Change[]): Promise<void> {
    const before = await this.#read();
    const after = merge(before, changes);
    if (this.#made) await this.#amend(before, after, changes);
    else if (after.size > 0) await this.#loadWhole(after);
    this.#known = after;
  }

  /** What is there, as far as this object knows; from the kernel the first time. */
  async #read(): Promise<Entries> {
    if (this.#known !== undefined) return this.#known;
    this.#known = await this.list();
    this.#made = this.#known.size > 0;
    return this.#known;
  }

  /** Elements only; the whole table where that fails, because somebody else has changed it. */
  async #amend(before: Entries, after: Entries, changes: readonly Change[]): Promise<void> {
    // What has been asked for is added even where it should be there, so that a lost table is noticed.
    const asked = entriesIn(changes);
    const between = new Map([...before, ...asked]);
    try {
      if (asked.size > MAX_BATCH) throw hostErrors.busy(`${asked.size} entries change at once`);
      await this.#socket.transactOnWorker(
        elementBatch(this.#options.table, [...elementChanges(new Map(), asked), ...elementChanges(between, after)]),
      );
    } catch (error) {
      if (!(error instanceof HawserError)) throw error;
      await this.#loadWhole(after);
    }
  }

  async #loadWhole(entries: Entries): Promise<void> {
    await runNft(this.#options, ['-j', '-f', '-'], JSON.stringify({ nftables: wholeTable(this.#options.table, entries) }));
    this.#made = entries.size > 0;
  }

  /** Closes what is open, when the namespace is done with. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** Everything that the changes name. */
function entriesIn(changes: readonly Change[]): Entries {
  return new Map(changes.flatMap(({ add, remove }) => [...add, ...remove]).map((entry) => [entryKey(entry), entry]));
}

/** Changes in the order in which they came. */
function merge(before: Entries, changes: readonly Change[]): Entries {
  const after = new Map(before);
  for (const { add, remove } of changes) {
    for (const entry of add) after.set(entryKey(entry), entry);
    for (const entry of remove) after.delete(entryKey(entry));
  }
  return after;
}

function checkEntry({ source, subnet }: Masquerade): void {
  const [address, prefix] = [parseAddress(source), parseCidr(subnet)];
  if (address.length !== prefix.bytes.length) throw hostErrors.invalid(`${source} and ${subnet} are not of one family`);
}
