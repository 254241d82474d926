import { Column } from './column.ts';

const SEGMENTS = 256;
const FIRST_SLOTS = 32;

/**
 * Numbers for names, from 0 on, without the names: 64 bits of hash stand for each, some 25 bytes a name. Two names that
 * share their hash share their number; collection then takes them for one and keeps both while one of them lives.
 *
 * It is made of segments that grow each for itself, so that no single step takes long however many names there are.
 */
export class NameTable {
  readonly #segments: (Int32Array | undefined)[] = Array.from({ length: SEGMENTS });
  readonly #counts = new Uint32Array(SEGMENTS);
  readonly #high = new Column();
  readonly #low = new Column();
  #size = 0;
  #h = 0;
  #l = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of a name, a new one where it has none. */
  add(name: string): number {
    this.#hash(name);
    const found = this.#find();
    if (found !== undefined) return found;
    const number = this.#size++;
    this.#high.set(number, this.#h);
    this.#low.set(number, this.#l);
    this.#insert(this.#h & (SEGMENTS - 1), number);
    return number;
  }

  get(name: string): number | undefined {
    this.#hash(name);
    return this.#find();
  }

  /** FNV-1a over UTF-16 units, and a second one with another multiplier and a rotation; both mixed to the last bit. */
  #hash(name: string): void {
    let h = 0x811c9dc5;
    let l = 0x2f0b4c47;
    for (let index = 0; index < name.length; index++) {
      const unit = name.charCodeAt(index);
      h = Math.imul(h ^ unit, 0x01000193);
      l = Math.imul((l << 5) | (l >>> 27), 0x5bd1e995) ^ unit;
    }
    this.#h = mixed(h ^ name.length);
    this.#l = mixed(l ^ this.#h);
  }

  #find(): number | undefined {
    const slots = this.#segments[this.#h & (SEGMENTS - 1)];
    if (slots === undefined) return undefined;
    const mask = slots.length - 1;
    for (let at = (this.#l >>> 0) & mask; ; at = (at + 1) & mask) {
      const number = (slots[at] ?? 0) - 1;
      if (number < 0) return undefined;
      if (this.#low.get(number) === this.#l && this.#high.get(number) === this.#h) return number;
    }
  }

  #insert(segment: number, number: number): void {
    const known = this.#segments[segment];
    const count = (this.#counts[segment] ?? 0) + 1;
    this.#counts[segment] = count;
    if (known !== undefined && count * 2 <= known.length) {
      this.#place(known, number);
      return;
    }
    const larger = new Int32Array(known === undefined ? FIRST_SLOTS : known.length * 2);
    for (const slot of known ?? []) if (slot > 0) this.#place(larger, slot - 1);
    this.#place(larger, number);
    this.#segments[segment] = larger;
  }

  /** Slots hold numbers from 1 on: 0 is a free one. */
  #place(slots: Int32Array, number: number): void {
    const mask = slots.length - 1;
    let at = (this.#low.get(number) >>> 0) & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = number + 1;
  }
}

/** Every bit of the result depends on every bit of the value (the finalizer of MurmurHash3). */
function mixed(value: number): number {
  let mix = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return mix ^ (mix >>> 16);
}
