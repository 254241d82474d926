import type { Material } from './mutate.ts';

const LARGE = 2 ** 20;

/** Inputs of a mebibyte: one thing again and again, so that what is not linear in it, or goes deep, shows. */
export function largeInputs({ random, pieces }: Material, corpus: readonly Buffer[], count: number): readonly Buffer[] {
  const things = [...pieces, ...corpus].filter(({ length }) => length > 0);
  return Array.from({ length: count }, () => {
    const drawn = Array.from({ length: 1 + random.integer(3) }, () => things[random.integer(things.length)] ?? Buffer.of(0x61));
    const head = corpus[random.integer(Math.max(1, corpus.length))] ?? Buffer.alloc(0);
    const cut = head.subarray(0, random.integer(2) === 0 ? 0 : random.integer(head.length + 1));
    return Buffer.concat([cut, repeated(Buffer.concat(drawn), LARGE - cut.length)]);
  });
}

function repeated(unit: Buffer, size: number): Buffer {
  return Buffer.alloc(size, unit);
}
