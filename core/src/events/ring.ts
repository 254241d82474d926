const LEAST_SLOTS = 16;
/** An empty queue keeps no more room than this. */
const KEPT_SLOTS = 1_024;

/** A queue that gives up its oldest as cheaply as it takes its newest. Its room grows with what waits. */
export class Ring<T> {
  #slots: (T | undefined)[] = emptySlots();
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#first + this.#length++) & (this.#slots.length - 1)] = item;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#slots.length > KEPT_SLOTS) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = emptySlots();
    this.#first = 0;
    this.#length = 0;
  }

  /** The number of slots stays a power of two, so that a mask finds them. */
  #grow(): void {
    const rest = this.#slots.splice(0, this.#first);
    for (const slot of rest) this.#slots.push(slot);
    for (let room = this.#slots.length; room > 0; room--) this.#slots.push(undefined);
    this.#first = 0;
  }
}

const emptySlots = (): undefined[] => Array.from({ length: LEAST_SLOTS }, () => undefined);
