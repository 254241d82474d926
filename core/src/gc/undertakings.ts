import type { Clock } from '../context/index.ts';
import type { Collectors } from './collectors.ts';
import type { NamespacedNode } from './gc.ts';
import { Lane } from './lane.ts';
import { nodeName } from './node.ts';
import type { Step } from './sentencing.ts';
import { type Outcome, Undertaking } from './undertaking.ts';

export interface UndertakingsOptions {
  readonly collectors: Collectors;
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly retry: { readonly firstMs: number; readonly maxMs: number };
  /** Clean-ups of one type at a time that nobody waits for. */
  readonly width: number;
  readonly signal: AbortSignal;
  isCondemned(node: NamespacedNode): boolean;
  /** Deletes a condemned node's record; `done` runs as that is committed. */
  finish(node: NamespacedNode, done: () => void): Promise<Step>;
  /** Takes a failed attempt down. */
  failed(node: NamespacedNode, error: Error, attempts: number): Promise<void>;
  /** What one transaction leaves to be looked at. */
  later(nodes: readonly NamespacedNode[]): void;
  /** Nodes that are gone. */
  gone(nodes: readonly NamespacedNode[]): void;
}

export const fullName = (node: NamespacedNode): string => `${node.namespace}:${nodeName(node)}`;

/** The clean-ups under way, one a condemned node. Each type has a lane of its own: one that is stuck holds up no other. */
export class Undertakings {
  readonly #options: UndertakingsOptions;
  readonly #underWay = new Map<string, Undertaking>();
  readonly #lanes = new Map<string, Lane>();

  constructor(options: UndertakingsOptions) {
    this.#options = options;
  }

  get(node: NamespacedNode): Undertaking | undefined {
    return this.#underWay.get(fullName(node));
  }

  /** Begins what a transaction has condemned. `urgent`: somebody waits for it. */
  carryOut({ namespace, removed, condemned, later }: Step, urgent: boolean): Outcome {
    if (removed.length > 0) this.#options.gone(removed);
    if (later.length > 0) this.#options.later(later.map((node) => ({ namespace, ...node })));
    const next = condemned.map(({ reason, ...node }) => this.begin({ namespace, ...node }, reason, urgent));
    return { removed, next: next.filter((undertaking) => undertaking !== undefined) };
  }

  /**
   * The one undertaking of a condemned node; nothing where it isn't condemned, its type has no collector now, or all has
   * ended. A condemnation may be told several times, at once or late. A second undertaking must not begin after the first has
   * finished: it would clean up what was made under the same name since. So an undertaking is forgotten by the very commit that
   * finishes it, and another one begins only for a node that is condemned then.
   */
  begin(node: NamespacedNode, reason: string, urgent: boolean): Undertaking | undefined {
    const { collectors, clock, deadlineMs, retry, signal } = this.#options;
    const name = fullName(node);
    const known = this.#underWay.get(name);
    if (known !== undefined) return known;
    const registered = collectors.get(node.type);
    if (registered === undefined || signal.aborted || !this.#options.isCondemned(node)) return undefined;
    const forget = () => void (this.#underWay.get(name) === undertaking && this.#underWay.delete(name));
    const undertaking = new Undertaking({
      node,
      reason,
      registered,
      lane: this.#lane(node.type),
      urgent,
      clock,
      deadlineMs,
      retry,
      signal,
      finish: async () => this.carryOut(await this.#options.finish(node, forget), urgent),
      failed: (error, attempts) => this.#options.failed(node, error, attempts),
    });
    this.#underWay.set(name, undertaking);
    undertaking.finished.then(forget, forget);
    return undertaking;
  }

  /** Begins the next attempt of all that wait for one. */
  hurry(): void {
    for (const undertaking of this.#underWay.values()) undertaking.attemptInTurn().catch(() => undefined);
  }

  /** Resolves when all that is under way has ended, one way or the other. */
  async idle(): Promise<void> {
    await Promise.allSettled(Array.from(this.#underWay.values(), ({ finished }) => finished));
  }

  #lane(type: string): Lane {
    const known = this.#lanes.get(type);
    if (known !== undefined) return known;
    const lane = new Lane(this.#options.width);
    this.#lanes.set(type, lane);
    return lane;
  }
}
