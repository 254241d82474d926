import type { Random } from '@hawser/core';

/** What mutations draw from. */
export interface Material {
  readonly random: Random;
  readonly pieces: readonly Buffer[];
  /** Other inputs, to take parts from. */
  readonly others: readonly Buffer[];
  readonly longest: number;
}

type Mutation = (input: Buffer, material: Material) => Buffer;

const NUMBERS = ['0', '-1', '1', '127', '128', '255', '256', '65535', '65536', '2147483647', '2147483648', '4294967295', '4294967296'];
const BIG_NUMBERS = ['9007199254740991', '9007199254740992', '18446744073709551615', '1e308', '1e999', '00', '0x10', '1.5', 'NaN'];
const BYTES = [
  0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x25, 0x27, 0x2c, 0x2e, 0x2f, 0x3d, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xff,
];
const WORDS = [0, 1, 2, 3, 4, 15, 16, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

const pick = <T>(random: Random, items: readonly T[]): T | undefined => items[random.integer(items.length)];

/** Where something is put, and how much of what is there makes room for it. */
function put(input: Buffer, at: number, gone: number, what: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), what, input.subarray(at + gone)]);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Mostly a short one. */
function span({ length }: Buffer, random: Random): Span {
  const start = random.integer(length + 1);
  const reach = random.integer(3) === 0 ? length : Math.min(8, length);
  return { start, end: Math.min(length, start + random.integer(reach + 1)) };
}

const partOf = (input: Buffer, random: Random): Buffer => {
  const { start, end } = span(input, random);
  return input.subarray(start, end);
};

const MUTATIONS: readonly Mutation[] = [
  (input, { random }) => {
    const at = random.integer(input.length + 1);
    return put(input, at, 1, Buffer.of((input[at] ?? 0) ^ (1 << random.integer(8))));
  },
  (input, { random }) => put(input, random.integer(input.length + 1), random.integer(2), Buffer.of(pick(random, BYTES) ?? 0)),
  (input, { random }) => put(input, random.integer(input.length + 1), random.integer(2), random.bytes(1 + random.integer(4))),
  (input, { random }) => {
    const { start, end } = span(input, random);
    return put(input, start, end - start, Buffer.alloc(0));
  },
  (input, { random }) => put(input, random.integer(input.length + 1), 0, partOf(input, random)),
  (input, { random }) => {
    const part = partOf(input, random);
    const copies = Array.from({ length: 2 + random.integer(30) }, () => part);
    return put(input, random.integer(input.length + 1), 0, Buffer.concat(copies));
  },
  (input, { random, pieces }) => put(input, random.integer(input.length + 1), 0, pick(random, pieces) ?? Buffer.alloc(0)),
  (input, { random, pieces }) => {
    const { start, end } = span(input, random);
    return put(input, start, end - start, pick(random, pieces) ?? Buffer.alloc(0));
  },
  (input, { random, others }) => put(input, random.integer(input.length + 1), 0, partOf(pick(random, others) ?? input, random)),
  (input, { random, others }) => {
    const other = pick(random, others) ?? input;
    return Buffer.concat([input.subarray(0, random.integer(input.length + 1)), other.subarray(random.integer(other.length + 1))]);
  },
  (input, { random }) => input.subarray(0, random.integer(input.length + 1)),
  otherNumber,
  otherWord,
];

/** A number in digits becomes one at some edge. */
function otherNumber(input: Buffer, { random }: Material): Buffer {
  const found = [...input.toString('latin1').matchAll(/\d+/g)];
  const match = pick(random, found);
  const number = Buffer.from(pick(random, random.integer(2) === 0 ? NUMBERS : BIG_NUMBERS) ?? '0');
  return match === undefined ? input : put(input, match.index, match[0].length, number);
}

/** One, two or four bytes become a number at some edge, or one that is near by. */
function otherWord(input: Buffer, { random }: Material): Buffer {
  const size = pick(random, [1, 2, 4] as const) ?? 1;
  if (input.length < size) return input;
  const at = random.integer(input.length - size + 1);
  const near = (input.readUIntLE(at, size) + random.integer(33) - 16) >>> 0;
  const value = random.integer(2) === 0 ? (pick(random, WORDS) ?? 0) : near;
  const word = Buffer.alloc(4);
  if (random.integer(4) === 0) word.writeUInt32BE(value, 0);
  else word.writeUInt32LE(value, 0);
  return put(input, at, size, word.subarray(0, size));
}

/** An input that differs a little, seldom a lot. */
export function mutate(input: Buffer, material: Material): Buffer {
  const { random, longest } = material;
  let mutant = input;
  for (let left = 1 + random.integer(random.integer(4) === 0 ? 12 : 3); left > 0; left--) {
    mutant = pick(random, MUTATIONS)?.(mutant, material) ?? mutant;
    if (mutant.length > longest) mutant = mutant.subarray(0, longest);
  }
  return mutant;
}
