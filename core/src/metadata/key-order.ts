/** Order of keys as the store has it: by the bytes of UTF-8. */

const FIRST_SURROGATE = 0xd800;
const PAST_SURROGATES = 0xe000;
const LAST_CODE_POINT = 0x10ffff;
const LAST_ASCII = 0x7f;

/** JavaScript's own comparison goes by UTF-16, where surrogates stand below what UTF-8 puts before them. */
export function compareKeys(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const difference = one.charCodeAt(index) - other.charCodeAt(index);
    if (difference !== 0) return weightOf(one.charCodeAt(index)) - weightOf(other.charCodeAt(index));
  }
  return one.length - other.length;
}

/** Surrogates go behind everything else. */
const weightOf = (unit: number): number => (unit >= FIRST_SURROGATE && unit < PAST_SURROGATES ? unit + 0x1_0000 : unit);

/** The first text behind all that begin with this one, which must hold a character that is not the last one of Unicode. */
export function pastPrefix(prefix: string): string {
  const unit = prefix.charCodeAt(prefix.length - 1);
  if (unit < LAST_ASCII) return prefix.slice(0, -1) + String.fromCharCode(unit + 1);
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop() ?? 0;
  return String.fromCodePoint(...points, last + 1 === FIRST_SURROGATE ? PAST_SURROGATES : last + 1);
}
