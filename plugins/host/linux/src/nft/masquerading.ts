import { hostErrors, type Masquerade } from '@hawser/core/network';
import { parseAddress, parseCidr } from '../address-text.ts';
import { type NftOptions, runNft } from './process.ts';
import { type Entries, type Ruleset, change, entriesOf, entryKey, wholeTable } from './ruleset.ts';

export interface MasqueradingOptions extends NftOptions {
  /** Name of our table in family inet. */
  readonly table: string;
  /** Called when there is work, and the returned function when it is done. */
  retain(): () => void;
}

interface Change {
  readonly add: readonly Masquerade[];
  readonly remove: readonly Masquerade[];
  readonly done: PromiseWithResolvers<void>;
}

/**
 * The masquerade entries of one namespace. Changes that come while nft runs (some milliseconds) become one
 * transaction afterwards. The kernel keeps the truth: what is in the table is read once, then known, and read again when a
 * change fails, which is how a table that somebody else flushed comes back whole.
 */
export class Masquerading {
  readonly #options: MasqueradingOptions;
  readonly #waiting: Change[] = [];
  #known: Entries | undefined;
  #working = false;

  constructor(options: MasqueradingOptions) {
    this.#options = options;
  }

  /** Resolves when the kernel has it. Throws `host.invalid` for text that is no address. */
  apply(add: readonly Masquerade[], remove: readonly Masquerade[]): Promise<void> {
    for (const entry of [...add, ...remove]) checkEntry(entry);
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ add, remove, done });
    if (!this.#working) void this.#work();
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

  async #work(): Promise<void> {
    const release = this.#options.retain();
    this.#working = true;
    try {
      while (this.#waiting.length > 0) {
        const changes = this.#waiting.splice(0);
        await this.#carryOut(changes).then(
          () => changes.forEach(({ done }) => done.resolve()),
          (error: unknown) => changes.forEach(({ done }) => done.reject(error)),
        );
      }
    } finally {
      this.#working = false;
      release();
    }
  }

  async #carryOut(changes: readonly Change[]): Promise<void> {
    const before = this.#known ?? (await this.list());
    const after = merge(before, changes);
    this.#known = undefined;
    if (before.size === 0 && after.size === 0) return;
    if (before.size === 0 || after.size === 0) await this.#load(wholeTable(this.#options.table, after));
    else await this.#amend(before, after, changes);
    this.#known = after;
  }

  /** Elements only; the whole table where that fails, because somebody else has changed it. */
  async #amend(before: Entries, after: Entries, changes: readonly Change[]): Promise<void> {
    try {
      // What has been asked for is added even where it should be there, so that a lost table is noticed.
      const asked = entriesIn(changes);
      const between = new Map([...before, ...asked]);
      await this.#load([...change(this.#options.table, new Map(), asked), ...change(this.#options.table, between, after)]);
    } catch (error) {
      if (!hostErrors.kernel.is(error)) throw error;
      await this.#load(wholeTable(this.#options.table, after));
    }
  }

  async #load(ruleset: Ruleset): Promise<void> {
    if (ruleset.length > 0) await runNft(this.#options, ['-j', '-f', '-'], JSON.stringify({ nftables: ruleset }));
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
