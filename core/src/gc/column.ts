const CHUNK_BITS = 12;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;

/** 32-bit numbers by position, all 0 at first. Grows by a chunk at a time: nothing is ever copied. */
export class Column {
  readonly #chunks: Int32Array[] = [];

  get(position: number): number {
    return this.#chunks[position >>> CHUNK_BITS]?.[position & MASK] ?? 0;
  }

  set(position: number, value: number): void {
    let chunk = this.#chunks[position >>> CHUNK_BITS];
    while (chunk === undefined) {
      this.#chunks.push(new Int32Array(CHUNK));
      chunk = this.#chunks[position >>> CHUNK_BITS];
    }
    chunk[position & MASK] = value;
  }
}
