const WORD_BITS = 32;
const WORDS = 32;
const BLOCK_BITS = 10n;
const BLOCK_SIZE = WORD_BITS * WORDS;
const BLOCK_MASK = BigInt(BLOCK_SIZE - 1);

interface Block {
  readonly words: Uint32Array;
  count: number;
}

/**
 * A set of numbers of any size that lie close together, such as the taken addresses of a range: a bit for each, in
 * blocks of 1,024 of which only those that hold something are there. Looking for a gap costs one step for each full
 * block on the way.
 */
export class AddressSet {
  readonly #blocks = new Map<bigint, Block>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(value: bigint): boolean {
    const bit = bitOf(value);
    return (((this.#blocks.get(value >> BLOCK_BITS)?.words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  add(value: bigint): void {
    if (this.has(value)) return;
    const key = value >> BLOCK_BITS;
    const block = this.#blocks.get(key) ?? { words: new Uint32Array(WORDS), count: 0 };
    this.#blocks.set(key, block);
    this.#flip(block, bitOf(value), 1);
  }

  delete(value: bigint): void {
    const key = value >> BLOCK_BITS;
    const block = this.#blocks.get(key);
    if (block === undefined || !this.has(value)) return;
    this.#flip(block, bitOf(value), -1);
    if (block.count === 0) this.#blocks.delete(key);
  }

  /** The first number from `value` on that is not in it. */
  nextAbsent(value: bigint): bigint {
    let at = value;
    for (;;) {
      const key = at >> BLOCK_BITS;
      const block = this.#blocks.get(key);
      if (block === undefined) return at;
      const bit = block.count === BLOCK_SIZE ? undefined : nextZero(block.words, bitOf(at));
      if (bit !== undefined) return (key << BLOCK_BITS) + BigInt(bit);
      at = (key + 1n) << BLOCK_BITS;
    }
  }

  #flip(block: Block, bit: number, change: 1 | -1): void {
    block.words[bit >>> 5] = (block.words[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
    block.count += change;
    this.#size += change;
  }
}

const bitOf = (value: bigint): number => Number(value & BLOCK_MASK);

function nextZero(words: Uint32Array, from: number): number | undefined {
  for (let word = from >>> 5; word < WORDS; word++) {
    const below = word === from >>> 5 ? 2 ** (from & 31) - 1 : 0;
    const gaps = ~((words[word] ?? 0) | below) >>> 0;
    if (gaps !== 0) return word * WORD_BITS + 31 - Math.clz32(gaps & -gaps);
  }
  return undefined;
}
