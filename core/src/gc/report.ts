import type { CollectionReport, NamespacedNode } from './gc.ts';
import { fullName } from './undertakings.ts';

/** What a run comes to, while it goes on. */
export class Report {
  readonly #removed = new Map<string, NamespacedNode & { readonly reason: string }>();
  readonly #failed = new Map<string, NamespacedNode & { readonly error: string }>();

  remove({ namespace, type, key }: NamespacedNode, reason: string): void {
    const name = fullName({ namespace, type, key });
    if (!this.#removed.has(name)) this.#removed.set(name, { namespace, type, key, reason });
  }

  fail({ namespace, type, key }: NamespacedNode, error: Error): void {
    this.#failed.set(fullName({ namespace, type, key }), { namespace, type, key, error: error.message });
  }

  close(kept: number, durationMs: number): CollectionReport {
    return { removed: [...this.#removed.values()], kept, failed: [...this.#failed.values()], durationMs };
  }
}
