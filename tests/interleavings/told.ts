import type { AttachmentResult } from '@hawser/core/network';

/** What a runtime was told about a pod and may rely on until something else is asked for. */
export type Fact = { readonly kind: 'attached'; readonly result: AttachmentResult } | { readonly kind: 'absent' };

/** What begins to change a pod. */
export interface Change {
  /** What was certain until now; undefined where other changes are under way or have left it open. */
  readonly former: Fact | undefined;
  /** Whether no other change has begun since. */
  readonly isLatest: () => boolean;
  /** What it came to. Counts only while it is the latest. */
  cameTo(fact: Fact | undefined): void;
}

/** What runtimes were told, pod by pod; in the beginning none is attached. */
export class Told {
  readonly #facts: Map<number, Fact>;
  readonly #changes = new Map<number, Change>();

  constructor(pods: readonly number[]) {
    this.#facts = new Map(pods.map((pod) => [pod, { kind: 'absent' }]));
  }

  get facts(): Iterable<readonly [pod: number, fact: Fact]> {
    return this.#facts;
  }

  of(pod: number): Fact | undefined {
    return this.#facts.get(pod);
  }

  /** From here on nothing is certain about the pod. */
  change(pod: number): Change {
    const change: Change = {
      former: this.#facts.get(pod),
      isLatest: () => this.#changes.get(pod) === change,
      cameTo: (fact) => {
        if (fact !== undefined && change.isLatest()) this.#facts.set(pod, fact);
      },
    };
    this.#facts.delete(pod);
    this.#changes.set(pod, change);
    return change;
  }
}
