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

export const formatCursor = (epoch: number, number: number): string =>
  `${epoch.toString(16).padStart(EPOCH_DIGITS, '0')}-${number.toString(16).padStart(NUMBER_DIGITS, '0')}`;

export const epochOf = (cursor: string): number => Number.parseInt(cursor.slice(0, EPOCH_DIGITS), 16);
