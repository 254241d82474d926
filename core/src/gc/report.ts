import type { CollectionReport, NamespacedNode } from './gc.ts';
import { fullName } from './undertakings.ts';

type Removed = CollectionReport['removed'][number];

/** What a run comes to, while it goes on. */
export class Report {
  readonly #removed = new Set<Removed>();
  readonly #failed = new Map<string, NamespacedNode & { readonly error: string }>();

  /** What several have heard of, from one outcome, counts once. */
  remove(removed: Iterable<Removed>): void {
    for (const node of removed) this.#removed.add(node);
  }

  fail({ namespace, type, key }: NamespacedNode, error: Error): void {
    this.#failed.set(fullName({ namespace, type, key }), { namespace, type, key, error: error.message });
  }

  close(kept: number, durationMs: number): CollectionReport {
    return { removed: [...this.#removed], kept, failed: [...this.#failed.values()], durationMs };
  }
}
