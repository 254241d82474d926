/**
 * The types that a store may hold nodes of. So a type whose plugin is off is known to be missing, and not taken for empty.
 *
 * ```
 * gc_types/<type> → KnownType        in the namespace `default`
 * ```
 */
import { isJsonObject } from '../json.ts';
import { type Collection, defineCollection, type Metadata, type StoreName, STORES } from '../metadata/store.ts';
import type { AbsentType, Collector } from './gc.ts';

type KnownType = {
  /** Types that its nodes may refer to; absent: any. */
  readonly refersTo?: readonly string[];
};

const isKnownType = (value: unknown): value is KnownType => isJsonObject(value) && isOptionalTexts(value['refersTo']);

const isOptionalTexts = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((type) => typeof type === 'string'));

const COLLECTIONS: Readonly<Record<StoreName, Collection<KnownType>>> = {
  root: defineCollection('root', 'gc_types', isKnownType),
  state: defineCollection('state', 'gc_types', isKnownType),
};
/** For checks. */
export { COLLECTIONS as KNOWN_TYPES };
/** Stands for a record that can't be read: nodes of the type may refer to anything. */
const DAMAGED: KnownType = {};

/** Which types there are and which of them nobody collects now. */
export class KnownTypes {
  readonly #metadata: Metadata;
  readonly #known = new Map<string, AbsentType>();
  readonly #present = new Map<string, Collector>();
  /** Types that absent ones may refer to; undefined: not found out since the last change. */
  #held: ReadonlySet<string> | 'all' | undefined;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
    for (const store of STORES) {
      metadata.read(store, (tx) => {
        for (const [type, record] of tx.entries(COLLECTIONS[store], {}, DAMAGED)) this.#known.set(type, { type, store, ...record });
      });
    }
  }

  /** A collector has come. Resolves when the type is stored; one that refers to nothing need not be. */
  async arrive(collector: Collector): Promise<void> {
    this.#present.set(collector.type, collector);
    this.#held = undefined;
    await this.#store(collector);
  }

  leave(collector: Collector): void {
    if (this.#present.get(collector.type) !== collector) return;
    this.#present.delete(collector.type);
    this.#held = undefined;
  }

  /** Stores what could not be stored when it came. */
  async storeAll(): Promise<void> {
    for (const collector of this.#present.values()) await this.#store(collector);
  }

  async forget(type: string): Promise<boolean> {
    const known = this.#known.get(type);
    if (known === undefined || this.#present.has(type)) return false;
    await this.#metadata.write(known.store, (tx) => tx.delete(COLLECTIONS[known.store], type));
    this.#known.delete(type);
    this.#held = undefined;
    return true;
  }

  get absent(): readonly AbsentType[] {
    return [...this.#known.values()].filter(({ type }) => !this.#present.has(type));
  }

  /** Whether an absent type may refer to nodes of this one. */
  holds(type: string): boolean {
    this.#held ??= this.#findHeld();
    return this.#held === 'all' || this.#held.has(type);
  }

  #findHeld(): ReadonlySet<string> | 'all' {
    const { absent } = this;
    if (absent.some(({ refersTo }) => refersTo === undefined)) return 'all';
    return new Set(absent.flatMap(({ refersTo = [] }) => refersTo));
  }

  async #store({ type, store, refersTo }: Collector): Promise<void> {
    const known = this.#known.get(type);
    const nothing = refersTo?.length === 0;
    if (nothing ? known === undefined : known !== undefined && same(known, { type, store, ...(refersTo && { refersTo }) })) return;
    const record: KnownType = refersTo === undefined ? {} : { refersTo: [...refersTo] };
    await this.#metadata.write(store, (tx) => {
      if (nothing) tx.delete(COLLECTIONS[store], type);
      else tx.put(COLLECTIONS[store], type, record);
    });
    if (nothing) this.#known.delete(type);
    else this.#known.set(type, { type, store, ...record });
  }
}

const same = (one: AbsentType, other: AbsentType): boolean =>
  one.store === other.store && JSON.stringify(one.refersTo) === JSON.stringify(other.refersTo);
