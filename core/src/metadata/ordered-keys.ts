import { compareKeys } from './key-order.ts';
import type { Range } from './pages.ts';

/** Keys that are put in order when somebody asks for it: who never scans needs none. */
export class OrderedKeys {
  readonly #order: string[] = [];
  #fresh: string[] = [];

  /** A key that is not among them yet. */
  add(key: string): void {
    this.#fresh.push(key);
  }

  within({ start, end }: Range): readonly string[] {
    const order = this.#ordered();
    return order.slice(positionOf(order, start), positionOf(order, end));
  }

  /** A few are put in their places, so that who adds and asks by turns stays linear. */
  #ordered(): readonly string[] {
    if (this.#fresh.length > FEW) {
      for (const key of this.#fresh) this.#order.push(key); // as arguments they may be too many
      this.#order.sort(compareKeys);
    } else {
      for (const key of this.#fresh) this.#order.splice(positionOf(this.#order, key), 0, key);
    }
    this.#fresh = [];
    return this.#order;
  }
}

const FEW = 16;

/** Of the first key that is not before this one. */
function positionOf(order: readonly string[], key: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(order[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
