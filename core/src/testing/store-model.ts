/**
 * What snapshots, leases and garbage collection are to do, in plain memory and a few lines: the measure of tests that play
 * random stories on the real ones. Snapshots are of one type, `thing`; a resource that is named here is one of them.
 */
import { nodeName } from '../gc/node.ts';

/** One call. `at`: milliseconds since the epoch. */
export type ModelStep =
  | { readonly do: 'create_lease'; readonly id: string; readonly expiresAt?: number }
  | { readonly do: 'renew_lease'; readonly id: string; readonly expiresAt: number }
  | { readonly do: 'delete_lease'; readonly id: string }
  | { readonly do: 'add_resource' | 'remove_resource'; readonly id: string; readonly key: string }
  | {
      readonly do: 'prepare' | 'view';
      readonly key: string;
      readonly parents: readonly string[];
      readonly rooted: boolean;
      readonly lease?: string;
    }
  | { readonly do: 'commit'; readonly key: string; readonly parents: readonly string[] }
  | { readonly do: 'root'; readonly key: string; readonly rooted: boolean }
  | { readonly do: 'remove'; readonly key: string }
  | { readonly do: 'collect'; readonly at: number };

/** What can be seen of it; two that agree have the same JSON. */
export interface ModelContent {
  /** By key: kind, parents and whether it is a root by itself. */
  readonly snapshots: Readonly<Record<string, { readonly kind: string; readonly parents: readonly string[]; readonly rooted: boolean }>>;
  /** By id: keys of what it protects. */
  readonly leases: Readonly<Record<string, readonly string[]>>;
}

interface ModelSnapshot {
  kind: 'active' | 'view' | 'committed';
  parents: readonly string[];
  rooted: boolean;
}

interface ModelLease {
  expiresAt: number | undefined;
  readonly resources: Set<string>;
}

/** The type of the snapshots. */
export const MODEL_TYPE = 'thing';

class Refusal extends Error {}

const refuse = (code: string): never => {
  throw new Refusal(code);
};

/** Applies steps one after the other; a refused one changes nothing. */
export class StoreModel {
  readonly #snapshots = new Map<string, ModelSnapshot>();
  readonly #leases = new Map<string, ModelLease>();

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
    const byKey = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
      Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
    return {
      snapshots: byKey(Array.from(this.#snapshots, ([key, { kind, parents, rooted }]) => [key, { kind, parents, rooted }])),
      leases: byKey(Array.from(this.#leases, ([id, { resources }]) => [id, [...resources].sort()])),
    };
  }

  #apply(step: ModelStep): void {
    switch (step.do) {
      case 'create_lease':
        if (this.#leases.has(step.id)) refuse('leases.already_exists');
        this.#leases.set(step.id, { expiresAt: step.expiresAt, resources: new Set() });
        return;
      case 'renew_lease':
        this.#lease(step.id).expiresAt = step.expiresAt;
        return;
      case 'delete_lease':
        if (!this.#leases.delete(step.id)) refuse('leases.not_found');
        return;
      case 'add_resource':
        this.#lease(step.id).resources.add(step.key);
        return;
      case 'remove_resource':
        this.#lease(step.id).resources.delete(step.key);
        return;
      case 'prepare':
      case 'view':
        return this.#make(step);
      case 'commit':
        return this.#commit(step.key, step.parents);
      case 'root':
        this.#snapshot(step.key).rooted = step.rooted;
        return;
      case 'remove':
        return this.#remove(step.key);
      case 'collect':
        return this.#collect(step.at);
    }
  }

  #make({ do: verb, key, parents, rooted, lease }: Extract<ModelStep, { readonly do: 'prepare' | 'view' }>): void {
    if (this.#snapshots.has(key)) {
      if (lease !== undefined) this.#lease(lease);
      refuse('snapshots.already_exists'); // the transaction ends with it, so that the lease does not take it
    }
    this.#checkParents(parents);
    const protector = lease === undefined ? undefined : this.#lease(lease);
    this.#snapshots.set(key, { kind: verb === 'view' ? 'view' : 'active', parents: [...new Set(parents)], rooted });
    protector?.resources.add(key);
  }

  #commit(key: string, parents: readonly string[]): void {
    const snapshot = this.#snapshot(key);
    if (snapshot.kind !== 'active') refuse('snapshots.failed_precondition');
    if (parents.length > 0) {
      if (snapshot.parents.length > 0) refuse('snapshots.failed_precondition');
      this.#checkParents(parents);
      snapshot.parents = [...new Set(parents)];
    }
    snapshot.kind = 'committed';
  }

  #remove(key: string): void {
    this.#snapshot(key);
    for (const { parents } of this.#snapshots.values()) if (parents.includes(key)) refuse('snapshots.has_children');
    this.#forget(key);
  }

  #checkParents(parents: readonly string[]): void {
    for (const parent of parents) if (this.#snapshot(parent).kind !== 'committed') refuse('snapshots.invalid_parent');
  }

  #collect(now: number): void {
    for (const [id, { expiresAt }] of this.#leases) if (expiresAt !== undefined && expiresAt <= now) this.#leases.delete(id);
    const leased = Array.from(this.#leases.values(), ({ resources }) => [...resources]).flat();
    const rooted = Array.from(this.#snapshots).filter(([, snapshot]) => snapshot.rooted);
    const alive = new Set<string>();
    const grey = [...leased, ...rooted.map(([key]) => key)];
    for (let key = grey.pop(); key !== undefined; key = grey.pop()) {
      if (alive.has(key)) continue;
      alive.add(key);
      grey.push(...(this.#snapshots.get(key)?.parents ?? []));
    }
    for (const key of [...this.#snapshots.keys()]) if (!alive.has(key)) this.#forget(key);
  }

  #forget(key: string): void {
    this.#snapshots.delete(key);
    for (const { resources } of this.#leases.values()) resources.delete(key);
  }

  #snapshot(key: string): ModelSnapshot {
    return this.#snapshots.get(key) ?? refuse('snapshots.not_found');
  }

  #lease(id: string): ModelLease {
    return this.#leases.get(id) ?? refuse('leases.not_found');
  }
}

/** A snapshot's full name. */
export const modelName = (key: string): string => nodeName({ type: MODEL_TYPE, key });
