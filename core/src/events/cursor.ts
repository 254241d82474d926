/**
 * A cursor is `<epoch>-<number>`, both hexadecimal and padded, so that text order is the order of events. Each opening
 * of the journal begins a new epoch, which the root store remembers: what a reboot takes from the state store can
 * therefore never be given out again.
 */
export const START = 'start';

const EPOCH_DIGITS = 8;
const NUMBER_DIGITS = 12;
const CURSOR = /^[0-9a-f]{8}-[0-9a-f]{12}$/;

export const isCursor = (text: string): boolean => CURSOR.test(text);

export const epochOf = (cursor: string): number => Number.parseInt(cursor.slice(0, EPOCH_DIGITS), 16);

const numberOf = (cursor: string): number => Number.parseInt(cursor.slice(EPOCH_DIGITS + 1), 16);

/** The cursor so many before this one, of the same epoch. */
export const cursorBefore = (cursor: string, count: number): string =>
  `${cursor.slice(0, EPOCH_DIGITS + 1)}${digitsOf(numberOf(cursor) - count)}`;

const digitsOf = (number: number): string => number.toString(16).padStart(NUMBER_DIGITS, '0');

/** No cursor of the epoch lies behind it. */
export const endOf = (epoch: number): string => `${prefixOf(epoch)}${'f'.repeat(NUMBER_DIGITS)}`;

const prefixOf = (epoch: number): string => `${epoch.toString(16).padStart(EPOCH_DIGITS, '0')}-`;

/** Gives out cursors of one epoch. */
export class Cursors {
  readonly #prefix: string;
  #number = 0;

  constructor(epoch: number) {
    this.#prefix = prefixOf(epoch);
  }

  next(): string {
    return this.#prefix + digitsOf(++this.#number);
  }

  /** The last one given out. */
  get last(): string {
    return this.#prefix + digitsOf(this.#number);
  }
}
