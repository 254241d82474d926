/** Random stories of namespaces with leases and snapshots in both stores; what they come to in plain memory, and on the real stores. */
import * as fc from 'fast-check';
import { HawserError } from '../errors/index.ts';
import type { Snapshotter } from '../metadata/snapshots.ts';
import { type StoreName, STORES, type Transaction } from '../metadata/store.ts';
import type { TestCore } from '../testing/core.ts';

interface InStore {
  readonly store: StoreName;
  readonly name: string;
}

/** One call. A snapshot without a lease is a root. */
export type Step =
  | { readonly do: 'create' | 'delete'; readonly name: string }
  | { readonly do: 'label'; readonly name: string; readonly value: string }
  | (InStore & { readonly do: 'lease' | 'unlease'; readonly id: string })
  | (InStore & { readonly do: 'prepare'; readonly key: string; readonly lease: string | undefined })
  | (InStore & { readonly do: 'remove'; readonly key: string });

/** What can be seen: labels by namespace, and keys by store, namespace and kind; what is empty is left out. */
export interface Content {
  readonly namespaces: Readonly<Record<string, string>>;
  readonly held: Readonly<Record<string, readonly string[]>>;
}

const never = new AbortController().signal;

const store = fc.constantFrom(...STORES);
const name = fc.constantFrom('blue', 'blue', 'green', 'default');
const id = fc.constantFrom('l1', 'l2');
const key = fc.constantFrom('a', 'b');

/** Few names, so that steps meet. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  fc.record({ do: fc.constant('label' as const), name, value: fc.constantFrom('', 'x', 'y') }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lease' as const), store, name, id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unlease' as const), store, name, id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prepare' as const), store, name, key, lease: fc.option(id, { nil: undefined }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), store, name, key }) },
);

/** The store that a step writes to. */
export const storeOf = (step: Step): StoreName => ('store' in step ? step.store : 'root');

interface Room {
  /** By lease, what it keeps. */
  readonly leases: Map<string, Set<string>>;
  /** By snapshot, whether it is a root. */
  readonly snapshots: Map<string, boolean>;
}

/** Namespaces as they ought to be. */
export class NamespaceModel {
  readonly #labels: Map<string, string>;
  readonly #rooms: Map<string, Room>;

  constructor(labels = new Map([['default', '']]), rooms = new Map<string, Room>()) {
    this.#labels = labels;
    this.#rooms = rooms;
  }

  copy(): NamespaceModel {
    const rooms = Array.from(this.#rooms, ([place, { leases, snapshots }]) => {
      const kept = Array.from(leases, ([lease, keys]) => [lease, new Set(keys)] as const);
      return [place, { leases: new Map(kept), snapshots: new Map(snapshots) }] as const;
    });
    return new NamespaceModel(new Map(this.#labels), new Map(rooms));
  }

  /** `done`, or the code of the error that refuses it, which changes nothing. */
  apply(step: Step): string {
    switch (step.do) {
      case 'create':
        if (this.#labels.has(step.name)) return 'namespaces.already_exists';
        this.#labels.set(step.name, '');
        return 'done';
      case 'label':
        if (!this.#labels.has(step.name)) return 'metadata.unknown_namespace';
        this.#labels.set(step.name, step.value);
        return 'done';
      case 'delete':
        return this.#delete(step.name);
      case 'lease':
      case 'unlease':
      case 'prepare':
      case 'remove':
        return this.#inRoom(step, this.#room(step));
    }
  }

  collect(): void {
    for (const { leases, snapshots } of this.#rooms.values()) {
      const kept = new Set(Array.from(leases.values(), (keys) => [...keys]).flat());
      for (const [one, rooted] of snapshots) if (!rooted && !kept.has(one)) snapshots.delete(one);
    }
  }

  content(): Content {
    const held = Array.from(this.#rooms).flatMap(([place, { leases, snapshots }]) => [
      [`${place} leases`, [...leases.keys()].sort()] as const,
      [`${place} snapshots`, [...snapshots.keys()].sort()] as const,
    ]);
    return { namespaces: sorted(this.#labels), held: sorted(held.filter(([, keys]) => keys.length > 0)) };
  }

  #delete(namespace: string): string {
    if (!this.#labels.has(namespace)) return 'metadata.unknown_namespace';
    if (namespace === 'default') return 'namespaces.is_default';
    const rooms = STORES.map((one) => this.#room({ store: one, name: namespace }));
    if (rooms.some(({ leases, snapshots }) => leases.size + snapshots.size > 0)) return 'namespaces.not_empty';
    this.#labels.delete(namespace);
    return 'done';
  }

  #inRoom(step: Extract<Step, InStore>, { leases, snapshots }: Room): string {
    const isThere = this.#labels.has(step.name);
    switch (step.do) {
      case 'lease':
        if (leases.has(step.id)) return 'leases.already_exists';
        if (!isThere) return 'metadata.unknown_namespace';
        leases.set(step.id, new Set());
        return 'done';
      case 'unlease':
        return leases.delete(step.id) ? 'done' : 'leases.not_found';
      case 'prepare': {
        const kept = step.lease === undefined ? undefined : leases.get(step.lease);
        if (!isThere) return 'metadata.unknown_namespace';
        if (step.lease !== undefined && kept === undefined) return 'leases.not_found';
        if (snapshots.has(step.key)) return 'snapshots.already_exists';
        snapshots.set(step.key, kept === undefined);
        kept?.add(step.key);
        return 'done';
      }
      case 'remove':
        if (!snapshots.delete(step.key)) return 'snapshots.not_found';
        for (const keys of leases.values()) keys.delete(step.key);
        return 'done';
    }
  }

  #room({ store: of, name: namespace }: InStore): Room {
    const place = `${of} ${namespace}`;
    const room = this.#rooms.get(place) ?? { leases: new Map(), snapshots: new Map() };
    this.#rooms.set(place, room);
    return room;
  }
}

type Things = Snapshotter<Record<string, never>> & Disposable;

/** The real ones behind a story. */
export class NamespacePlayer implements Disposable {
  readonly #core: TestCore;
  readonly #things: Readonly<Record<StoreName, Things>>;

  constructor(core: TestCore) {
    this.#core = core;
    this.#things = {
      root: core.snapshots.open({ type: 'intent', store: 'root' }),
      state: core.snapshots.open({ type: 'thing', store: 'state' }),
    };
  }

  [Symbol.dispose](): void {
    for (const one of STORES) this.#things[one][Symbol.dispose]();
  }

  /** The call is made before this returns, so that calls come in the order in which they are played. */
  play(step: Step): Promise<string> {
    return this.#call(step).then(
      () => 'done',
      (error: unknown) => {
        if (error instanceof HawserError) return error.code;
        throw error;
      },
    );
  }

  async collect(): Promise<void> {
    await this.#core.gc.run({ signal: never });
  }

  content(): Content {
    const { metadata, namespaces, leases } = this.#core;
    const found = metadata.read('root', (tx) => namespaces.page(tx).items);
    const held = STORES.flatMap((one) =>
      metadata.read(one, (tx) =>
        tx
          .namespaces()
          .flatMap((namespace) => [
            [`${one} ${namespace} leases`, Array.from(leases.list(tx.in(namespace)), (lease) => lease.id)] as const,
            [`${one} ${namespace} snapshots`, Array.from(this.#things[one].walk(tx.in(namespace)), (snapshot) => snapshot.key)] as const,
          ]),
      ),
    );
    return {
      namespaces: sorted(found.map(({ name: namespace, labels }) => [namespace, labels['label'] ?? ''])),
      held: sorted(held.filter(([, keys]) => keys.length > 0)),
    };
  }

  #call(step: Step): Promise<unknown> {
    const { metadata, namespaces } = this.#core;
    switch (step.do) {
      case 'create':
      case 'delete':
        return namespaces[step.do](step.name);
      case 'label':
        return namespaces.update(step.name, { labels: { label: step.value } });
      case 'lease':
      case 'unlease':
      case 'prepare':
      case 'remove':
        return metadata.write(step.store, (tx) => this.#write(tx, step), { namespace: step.name });
    }
  }

  #write(tx: Transaction, step: Extract<Step, InStore>): void {
    const { leases } = this.#core;
    const things = this.#things[step.store];
    switch (step.do) {
      case 'lease':
        return void leases.create(tx, { id: step.id });
      case 'unlease':
        return leases.delete(tx, step.id);
      case 'prepare':
        return void things.prepare(tx, step.key, {
          data: {},
          ...(step.lease === undefined ? { labels: { 'gc.root': 'yes' } } : { lease: step.lease }),
        });
      case 'remove':
        return things.remove(tx, step.key);
    }
  }
}

const sorted = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
