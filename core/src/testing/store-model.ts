/**
 * What snapshots, leases and garbage collection are to do in one namespace, in plain memory and a few lines: the measure of
 * tests that play random stories on the real ones. Each store has snapshots of one type; a resource of a lease is one of them.
 */
import { nodeName } from '../gc/node.ts';
import type { StoreName } from '../metadata/store.ts';

/** What one call is about. `store`: both stores have keys and leases of their own. */
interface OfStore {
  readonly store: StoreName;
}

/** One call. `at`, `expiresAt`: milliseconds since the epoch. */
export type ModelStep =
  | (OfStore & { readonly do: 'create_lease'; readonly id: string; readonly expiresAt?: number; readonly flat?: boolean })
  | (OfStore & { readonly do: 'renew_lease'; readonly id: string; readonly expiresAt: number })
  | (OfStore & { readonly do: 'delete_lease'; readonly id: string })
  | (OfStore & { readonly do: 'add_resource' | 'remove_resource'; readonly id: string; readonly key: string })
  | (OfStore & {
      readonly do: 'prepare' | 'view';
      readonly key: string;
      readonly parents: readonly string[];
      readonly rooted: boolean;
      readonly lease?: string;
      /** The lease is the transaction's, not one that the call names. */
      readonly carried?: boolean;
    })
  | (OfStore & {
      readonly do: 'commit';
      readonly key: string;
      readonly parents: readonly string[];
      /** The transaction's. */
      readonly lease?: string;
    })
  | (OfStore & { readonly do: 'root'; readonly key: string; readonly rooted: boolean })
  | (OfStore & { readonly do: 'refer'; readonly key: string; readonly back: boolean; readonly to: ModelNode | undefined })
  | (OfStore & { readonly do: 'remove'; readonly key: string })
  | { readonly do: 'collect'; readonly at: number };

/** A snapshot of a store. */
export interface ModelNode extends OfStore {
  readonly key: string;
}

/** One snapshot as it can be seen. */
interface SeenSnapshot {
  readonly kind: string;
  readonly parents: readonly string[];
  readonly rooted: boolean;
  /** Full names of what its labels refer to, and of what they say refers to it. */
  readonly refers?: string;
  readonly referred?: string;
}

/** What can be seen of it; two that agree have the same JSON. */
export interface ModelContent {
  /** By full name: kind, keys of parents, and what its labels say. */
  readonly snapshots: Readonly<Record<string, SeenSnapshot>>;
  /** By store and id: when it ends, and keys of what it protects. */
  readonly leases: Readonly<Record<string, { readonly expiresAt?: number; readonly flat: boolean; readonly resources: readonly string[] }>>;
}

interface ModelSnapshot {
  kind: 'active' | 'view' | 'committed';
  parents: readonly string[];
  rooted: boolean;
  refers: string | undefined;
  referred: string | undefined;
}

interface ModelLease {
  readonly store: StoreName;
  expiresAt: number | undefined;
  readonly flat: boolean;
  readonly resources: Set<string>;
}

/** The types of the snapshots. */
export const MODEL_TYPES: Readonly<Record<StoreName, string>> = { root: 'deed', state: 'thing' };

class Refusal extends Error {}

const refuse = (code: string): never => {
  throw new Refusal(code);
};

/** Applies steps one after the other; a refused one changes nothing. */
export class StoreModel {
  readonly #snapshots = new Map<string, ModelSnapshot>();
  readonly #leases = new Map<string, ModelLease>();

  /** Another one that goes on from here by itself. */
  copy(): StoreModel {
    const copy = new StoreModel();
    for (const [name, snapshot] of this.#snapshots) copy.#snapshots.set(name, { ...snapshot });
    for (const [name, lease] of this.#leases) copy.#leases.set(name, { ...lease, resources: new Set(lease.resources) });
    return copy;
  }

  /** `done`, or the code of the error that refuses it. */
  apply(step: ModelStep): string {
    try {
      this.#apply(step);
      return 'done';
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }

  content(): ModelContent {
    return {
      snapshots: byName(
        Array.from(this.#snapshots, ([name, { kind, parents, rooted, refers, referred }]) => [
          name,
          { kind, parents, rooted, ...(refers === undefined ? {} : { refers }), ...(referred === undefined ? {} : { referred }) },
        ]),
      ),
      leases: byName(
        Array.from(this.#leases, ([name, { expiresAt, flat, resources }]) => [
          name,
          { ...(expiresAt === undefined ? {} : { expiresAt }), flat, resources: [...resources].sort() },
        ]),
      ),
    };
  }

  #apply(step: ModelStep): void {
    switch (step.do) {
      case 'create_lease': {
        const name = leaseName(step);
        if (this.#leases.has(name)) refuse('leases.already_exists');
        this.#leases.set(name, { store: step.store, expiresAt: step.expiresAt, flat: step.flat === true, resources: new Set() });
        return;
      }
      case 'renew_lease':
        this.#lease(step).expiresAt = step.expiresAt;
        return;
      case 'delete_lease':
        if (!this.#leases.delete(leaseName(step))) refuse('leases.not_found');
        return;
      case 'add_resource':
        this.#lease(step).resources.add(step.key);
        return;
      case 'remove_resource':
        this.#lease(step).resources.delete(step.key);
        return;
      case 'prepare':
      case 'view':
        return this.#make(step);
      case 'commit':
        return this.#commit(step);
      case 'root':
        this.#snapshot(step).rooted = step.rooted;
        return;
      case 'refer':
        this.#snapshot(step)[step.back ? 'referred' : 'refers'] = step.to === undefined ? undefined : modelName(step.to);
        return;
      case 'remove':
        return this.#remove(step);
      case 'collect':
        return this.#collect(step.at);
    }
  }

  #make(step: Extract<ModelStep, { readonly do: 'prepare' | 'view' }>): void {
    const { store, key, parents, rooted, lease } = step;
    if (this.#snapshots.has(modelName(step))) {
      if (lease !== undefined) this.#lease({ store, id: lease });
      refuse('snapshots.already_exists'); // the transaction ends with it, so that the lease does not take it
    }
    this.#checkParents(store, parents);
    const protector = lease === undefined ? undefined : this.#lease({ store, id: lease });
    const kind = step.do === 'view' ? 'view' : 'active';
    this.#snapshots.set(modelName(step), { kind, parents: [...new Set(parents)], rooted, refers: undefined, referred: undefined });
    protector?.resources.add(key);
  }

  #commit({ parents, lease, ...node }: Extract<ModelStep, { readonly do: 'commit' }>): void {
    const snapshot = this.#snapshot(node);
    if (snapshot.kind !== 'active') refuse('snapshots.failed_precondition');
    const wanted = [...new Set(parents)];
    const isNew = wanted.length > 0 && [...wanted].sort().join() !== [...snapshot.parents].sort().join();
    if (isNew) {
      if (snapshot.parents.length > 0) refuse('snapshots.failed_precondition');
      this.#checkParents(node.store, wanted);
    }
    if (lease !== undefined) this.#lease({ store: node.store, id: lease }).resources.add(node.key);
    if (isNew) snapshot.parents = wanted;
    snapshot.kind = 'committed';
  }

  #remove(node: ModelNode): void {
    this.#snapshot(node);
    for (const [name, { parents }] of this.#snapshots)
      if (storeOf(name) === node.store && parents.includes(node.key)) refuse('snapshots.has_children');
    this.#forget(modelName(node));
  }

  #checkParents(store: StoreName, parents: readonly string[]): void {
    for (const key of parents) if (this.#snapshot({ store, key }).kind !== 'committed') refuse('snapshots.invalid_parent');
  }

  #collect(now: number): void {
    for (const [name, { expiresAt }] of this.#leases) if (expiresAt !== undefined && expiresAt <= now) this.#leases.delete(name);
    const grey: Reached[] = [];
    for (const { store, flat, resources } of this.#leases.values())
      for (const key of resources) grey.push({ name: modelName({ store, key }), flat });
    for (const [name, { rooted }] of this.#snapshots) if (rooted) grey.push({ name, flat: false });
    const alive = new Set<string>();
    for (let reached = grey.pop(); reached !== undefined; reached = grey.pop()) {
      const mark = `${reached.name} ${reached.flat}`;
      if (alive.has(mark)) continue;
      alive.add(mark);
      grey.push(...this.#reachedFrom(reached));
    }
    for (const name of [...this.#snapshots.keys()]) if (!alive.has(`${name} true`) && !alive.has(`${name} false`)) this.#forget(name);
  }

  /** What stands below it; and what labels say that it refers to, unless only flat leases keep it. */
  *#reachedFrom({ name, flat }: Reached): Iterable<Reached> {
    const from = this.#snapshots.get(name);
    if (from === undefined) return;
    for (const key of from.parents) yield { name: modelName({ store: storeOf(name), key }), flat };
    if (flat) return;
    if (from.refers !== undefined) yield { name: from.refers, flat };
    for (const [other, { referred }] of this.#snapshots) if (referred === name) yield { name: other, flat };
  }

  #forget(name: string): void {
    this.#snapshots.delete(name);
    const [, key = ''] = name.split('/');
    for (const { store, resources } of this.#leases.values()) if (store === storeOf(name)) resources.delete(key);
  }

  #snapshot(node: ModelNode): ModelSnapshot {
    return this.#snapshots.get(modelName(node)) ?? refuse('snapshots.not_found');
  }

  #lease(lease: OfStore & { readonly id: string }): ModelLease {
    return this.#leases.get(leaseName(lease)) ?? refuse('leases.not_found');
  }
}

/** A snapshot that lives; `flat`: as far as is known by flat leases alone. */
interface Reached {
  readonly name: string;
  readonly flat: boolean;
}

const byName = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));

const leaseName = ({ store, id }: OfStore & { readonly id: string }): string => `${store}/${id}`;

const storeOf = (name: string): StoreName => (name.startsWith(`${MODEL_TYPES.root}/`) ? 'root' : 'state');

/** A snapshot's full name. */
export const modelName = ({ store, key }: ModelNode): string => nodeName({ type: MODEL_TYPES[store], key });
