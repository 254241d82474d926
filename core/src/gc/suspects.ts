import type { Clock } from '../context/index.ts';
import type { NamespacedNode } from './gc.ts';
import { fullName } from './undertakings.ts';

export interface SuspectsOptions {
  readonly clock: Clock;
  /** From the first suspicion to the look. */
  readonly delayMs: number;
  /** Whether one of them is garbage. */
  readonly look: (nodes: readonly NamespacedNode[]) => boolean;
  /** Called when one is, or when that could not be told. */
  readonly found: (suspects: number) => void;
}

/** Looked at in one go; of more the run finds out, which goes in slices. */
const MOST_LOOKED_AT = 100;

/**
 * Nodes that lost something that kept them. Nearly all of them live on by something else, or are gone, by the time
 * they are looked at: a run, which marks everything, follows only where one doesn't.
 */
export class Suspects implements Disposable {
  readonly #options: SuspectsOptions;
  #nodes = new Map<string, NamespacedNode>();
  #timer: Disposable | undefined;
  #stopped = false;

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  add(nodes: readonly NamespacedNode[]): void {
    if (this.#stopped || nodes.length === 0) return;
    for (const node of nodes) this.#nodes.set(fullName(node), node);
    this.#timer ??= this.#options.clock.timer(this.#options.delayMs, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#nodes.clear();
  }

  #look(): void {
    const nodes = [...this.#nodes.values()];
    this.#timer = undefined;
    this.#nodes = new Map();
    if (nodes.length > MOST_LOOKED_AT || this.#isGarbageAmong(nodes)) this.#options.found(nodes.length);
  }

  /** What can't be told is for the run to find out, which fails closed. */
  #isGarbageAmong(nodes: readonly NamespacedNode[]): boolean {
    try {
      return this.#options.look(nodes);
    } catch {
      return true;
    }
  }
}
