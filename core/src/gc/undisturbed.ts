import type { ReadTransaction, StoreName } from '../metadata/store.ts';
import type { Collectors } from './collectors.ts';

type Begun = Readonly<Record<StoreName, Pick<ReadTransaction, 'begun'>>>;

/**
 * Whether anybody but the sweep itself has written, or any type has come or gone, since a mark's views were opened: until
 * then what the mark has found holds, and need not be looked at again. The first disturbance ends it for good.
 */
export class Undisturbed {
  readonly #collectors: Pick<Collectors, 'generation'>;
  readonly #generation: number;
  readonly #begun: Record<StoreName, number>;
  #holds = true;

  /** Call as the views are opened. */
  constructor({ root, state }: Begun, collectors: Pick<Collectors, 'generation'>) {
    this.#collectors = collectors;
    this.#generation = collectors.generation;
    this.#begun = { root: root.begun, state: state.begun };
  }

  /** Ask once in each transaction of the sweep, which is then no disturbance itself; `store` is the one that it writes. */
  holdsIn(views: Begun, store: StoreName): boolean {
    this.#begun[store]++;
    this.#holds &&=
      this.#collectors.generation === this.#generation && views.root.begun === this.#begun.root && views.state.begun === this.#begun.state;
    return this.#holds;
  }
}
