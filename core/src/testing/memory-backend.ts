import type { JsonObject } from '../json.ts';
import type { BackendObject, SnapshotBackend } from '../metadata/snapshot-backend.ts';
import type { SnapshotUsage } from '../metadata/snapshots.ts';

/** What a test does to a backend at one of its methods: throws, waits, or nothing. */
export type Interference = (method: keyof SnapshotBackend, id: string, signal: AbortSignal) => void | Promise<void>;

/** A backend in memory. It lives on when the core that used it has stopped, as a disk does. */
export class MemoryBackend implements SnapshotBackend {
  /** Objects by id. */
  readonly objects = new Map<string, { readonly object: BackendObject; committed: boolean; written: number }>();
  /** Methods with ids, in the order of their calls. */
  readonly calls: string[] = [];
  /** Runs before the effect of a method. */
  before: Interference = () => {};
  /** Runs behind it. */
  after: Interference = () => {};

  prepare(object: BackendObject, signal: AbortSignal): Promise<JsonObject> {
    return this.#call('prepare', object.id, signal, () => {
      this.objects.set(object.id, { object, committed: false, written: 0 });
      return { in: 'memory', id: object.id, parents: object.parents };
    });
  }

  /** What is written into an object by its mounts; it counts for its usage. */
  write(id: string, bytes: number): void {
    this.#existing(id).written += bytes;
  }

  commit(object: BackendObject, signal: AbortSignal): Promise<JsonObject> {
    return this.#call('commit', object.id, signal, () => {
      this.#existing(object.id).committed = true;
      return { in: 'memory', id: object.id, parents: object.parents };
    });
  }

  remove(id: string, signal: AbortSignal): Promise<void> {
    return this.#call('remove', id, signal, () => void this.objects.delete(id));
  }

  usage(id: string, signal: AbortSignal): Promise<SnapshotUsage> {
    return this.#call('usage', id, signal, () => {
      const { written } = this.#existing(id);
      return { bytes: 1_000 + written, items: written === 0 ? 1 : 2 };
    });
  }

  async *list(signal: AbortSignal): AsyncIterable<string> {
    await this.before('list', '', signal);
    yield* [...this.objects.keys()];
  }

  async #call<T>(method: keyof SnapshotBackend, id: string, signal: AbortSignal, effect: () => T): Promise<T> {
    this.calls.push(`${method} ${id}`);
    await this.before(method, id, signal);
    signal.throwIfAborted();
    const result = effect();
    await this.after(method, id, signal);
    return result;
  }

  #existing(id: string) {
    const found = this.objects.get(id);
    if (found === undefined) throw new Error(`there is no object ${id}`);
    return found;
  }
}
