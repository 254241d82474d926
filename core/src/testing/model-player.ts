import { HawserError } from '../errors/index.ts';
import type { Snapshotter } from '../metadata/snapshots.ts';
import type { Transaction } from '../metadata/store.ts';
import type { TestCore } from './core.ts';
import { MODEL_TYPE, type ModelContent, modelName, type ModelStep } from './store-model.ts';

type Things = Snapshotter<Record<string, never>>;

const ROOT = { 'gc.root': 'yes' };
const NO_ROOT = { 'gc.root': '' };
const never = new AbortController().signal;

/** The real store behind a model's steps. Clean-ups of its snapshots have nothing to do. */
export class ModelPlayer implements Disposable {
  readonly #core: TestCore;
  readonly #now: () => number;
  readonly #things: Things & Disposable;

  constructor(core: TestCore, now: () => number) {
    this.#core = core;
    this.#now = now;
    this.#things = core.snapshots.open({ type: MODEL_TYPE, store: 'state', cleanup: async () => {} });
  }

  [Symbol.dispose](): void {
    this.#things[Symbol.dispose]();
  }

  /** `done`, or the code of the error that refuses it. */
  async play(step: ModelStep): Promise<string> {
    try {
      if (step.do === 'collect') await this.#core.gc.run({ signal: never });
      else await this.#core.metadata.write('state', (tx) => this.#write(tx, step));
      return 'done';
    } catch (error) {
      if (error instanceof HawserError) return error.code;
      throw error;
    }
  }

  content(): ModelContent {
    const { metadata, leases } = this.#core;
    return metadata.read('state', (tx) => ({
      snapshots: Object.fromEntries(
        Array.from(this.#things.walk(tx), ({ key, kind, parents, labels }) => [
          key,
          { kind, parents: parents.map((parent) => parent.slice(MODEL_TYPE.length + 1)), rooted: labels['gc.root'] !== undefined },
        ]),
      ),
      leases: Object.fromEntries(Array.from(leases.list(tx), ({ id, resources }) => [id, resources.map(({ key }) => key).sort()])),
    }));
  }

  #write(tx: Transaction, step: Exclude<ModelStep, { readonly do: 'collect' }>): void {
    const { leases } = this.#core;
    switch (step.do) {
      case 'create_lease':
        leases.create(tx, { id: step.id, ...(step.expiresAt === undefined ? {} : { expiresInMs: step.expiresAt - this.#now() }) });
        return;
      case 'renew_lease':
        leases.renew(tx, step.id, step.expiresAt - this.#now());
        return;
      case 'delete_lease':
        return leases.delete(tx, step.id);
      case 'add_resource':
        return leases.addResource(tx, step.id, { type: MODEL_TYPE, key: step.key });
      case 'remove_resource':
        return leases.removeResource(tx, step.id, { type: MODEL_TYPE, key: step.key });
      case 'prepare':
      case 'view': {
        const options = { data: {}, parents: step.parents.map(modelName), labels: step.rooted ? ROOT : {} };
        this.#things[step.do](tx, step.key, step.lease === undefined ? options : { ...options, lease: step.lease });
        return;
      }
      case 'commit':
        this.#things.commit(tx, step.key, step.parents.length === 0 ? {} : { parents: step.parents.map(modelName) });
        return;
      case 'root':
        this.#things.update(tx, step.key, { labels: step.rooted ? ROOT : NO_ROOT });
        return;
      case 'remove':
        return this.#things.remove(tx, step.key);
    }
  }
}
