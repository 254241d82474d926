import { HawserError } from '../errors/index.ts';
import type { Lease } from '../leases/leases.ts';
import type { Snapshot, Snapshotter } from '../metadata/snapshots.ts';
import { DEFAULT_NAMESPACE, type StoreName, STORES, type Transaction } from '../metadata/store.ts';
import type { TestCore } from './core.ts';
import { MODEL_TYPES, type ModelContent, modelName, type ModelStep } from './store-model.ts';

type Things = Snapshotter<Record<string, never>>;

const ROOT = { 'gc.root': 'yes' };
const NO_ROOT = { 'gc.root': '' };
const never = new AbortController().signal;

/** The real stores behind a model's steps. Clean-ups of their snapshots have nothing to do. */
export class ModelPlayer implements Disposable {
  readonly #core: TestCore;
  readonly #now: () => number;
  readonly #things: Readonly<Record<StoreName, Things & Disposable>>;

  constructor(core: TestCore, now: () => number) {
    this.#core = core;
    this.#now = now;
    const open = (store: StoreName): Things & Disposable =>
      core.snapshots.open({ type: MODEL_TYPES[store], store, cleanup: async () => {} });
    this.#things = { root: open('root'), state: open('state') };
  }

  [Symbol.dispose](): void {
    for (const store of STORES) this.#things[store][Symbol.dispose]();
  }

  /** `done`, or the code of the error that refuses it. A collection is of all namespaces. */
  async play(step: ModelStep, namespace = DEFAULT_NAMESPACE): Promise<string> {
    try {
      if (step.do === 'collect') await this.#collect();
      else await this.#core.metadata.write(step.store, (tx) => this.#write(tx, step), { namespace, ...carriedBy(step) });
      return 'done';
    } catch (error) {
      if (error instanceof HawserError) return error.code;
      throw error;
    }
  }

  async #collect(): Promise<void> {
    const { failed } = await this.#core.gc.run({ signal: never });
    if (failed.length > 0) throw new Error(`a collection failed: ${JSON.stringify(failed)}`);
  }

  content(namespace = DEFAULT_NAMESPACE): ModelContent {
    const parts = STORES.map((store) => this.#contentOf(store, namespace));
    return {
      snapshots: Object.fromEntries(parts.flatMap(({ snapshots }) => snapshots)),
      leases: Object.fromEntries(parts.flatMap(({ leases }) => leases)),
    };
  }

  #contentOf(store: StoreName, namespace: string) {
    const { metadata, leases } = this.#core;
    return metadata.read(
      store,
      (tx) => ({
        snapshots: Array.from(
          this.#things[store].walk(tx),
          (snapshot) => [modelName({ store, key: snapshot.key }), seen(snapshot)] as const,
        ),
        leases: Array.from(leases.list(tx), (lease) => [`${store}/${lease.id}`, seenLease(lease)] as const),
      }),
      { namespace },
    );
  }

  #write(tx: Transaction, step: Exclude<ModelStep, { readonly do: 'collect' }>): void {
    const { leases } = this.#core;
    const things = this.#things[step.store];
    const type = MODEL_TYPES[step.store];
    switch (step.do) {
      case 'create_lease': {
        const labels = step.flat === true ? { 'gc.flat': 'yes' } : {};
        const expiry = step.expiresAt === undefined ? {} : { expiresInMs: step.expiresAt - this.#now() };
        leases.create(tx, { id: step.id, labels, ...expiry });
        return;
      }
      case 'renew_lease':
        leases.renew(tx, step.id, step.expiresAt - this.#now());
        return;
      case 'delete_lease':
        return leases.delete(tx, step.id);
      case 'add_resource':
        return leases.addResource(tx, step.id, { type, key: step.key });
      case 'remove_resource':
        return leases.removeResource(tx, step.id, { type, key: step.key });
      case 'prepare':
      case 'view': {
        const options = { data: {}, parents: namesOf(step.store, step.parents), labels: step.rooted ? ROOT : {} };
        const lease = step.carried === true ? undefined : step.lease;
        things[step.do](tx, step.key, lease === undefined ? options : { ...options, lease });
        return;
      }
      case 'commit':
        things.commit(tx, step.key, step.parents.length === 0 ? {} : { parents: namesOf(step.store, step.parents) });
        return;
      case 'root':
        things.update(tx, step.key, { labels: step.rooted ? ROOT : NO_ROOT });
        return;
      case 'refer':
        things.update(tx, step.key, { labels: referenceLabels(step) });
        return;
      case 'remove':
        return things.remove(tx, step.key);
    }
  }
}

const carriedBy = (step: ModelStep): { readonly lease?: string } =>
  (step.do === 'commit' || ('carried' in step && step.carried)) && step.lease !== undefined ? { lease: step.lease } : {};

const namesOf = (store: StoreName, keys: readonly string[]): readonly string[] => keys.map((key) => modelName({ store, key }));

/** One reference of each kind, to whichever type. */
function referenceLabels({ back, to }: Extract<ModelStep, { readonly do: 'refer' }>): Readonly<Record<string, string>> {
  const prefix = back ? 'gc.bref' : 'gc.ref';
  const none = Object.fromEntries(STORES.map((store) => [`${prefix}.${MODEL_TYPES[store]}`, '']));
  return to === undefined ? none : { ...none, [`${prefix}.${MODEL_TYPES[to.store]}`]: to.key };
}

function referenceIn(labels: Snapshot['labels'], prefix: string): string | undefined {
  for (const store of STORES) {
    const key = labels[`${prefix}.${MODEL_TYPES[store]}`];
    if (key !== undefined) return modelName({ store, key });
  }
  return undefined;
}

function seen({ kind, parents, labels }: Snapshot): ModelContent['snapshots'][string] {
  const refers = referenceIn(labels, 'gc.ref');
  const referred = referenceIn(labels, 'gc.bref');
  return {
    kind,
    parents: parents.map((parent) => parent.slice(parent.indexOf('/') + 1)),
    rooted: labels['gc.root'] !== undefined,
    ...(refers === undefined ? {} : { refers }),
    ...(referred === undefined ? {} : { referred }),
  };
}

function seenLease({ labels, expiresAt, resources }: Lease): ModelContent['leases'][string] {
  const expiry = expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) };
  return { ...expiry, flat: labels['gc.flat'] !== undefined, resources: resources.map(({ key }) => key).sort() };
}
