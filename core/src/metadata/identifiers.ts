import type { ErrorFactory } from '../errors/index.ts';

export const MAX_IDENTIFIER_LENGTH = 76;

/** Linear: a separator can be read in one way only. */
export const IDENTIFIER = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

/** Whether a text can name a lease or a namespace: at most 76 letters and digits, joined by single dots, dashes or underscores. */
export const isIdentifier = (text: string): boolean => text.length <= MAX_IDENTIFIER_LENGTH && IDENTIFIER.test(text);

/** The text, or an error of its owner's area: `what` says what it should have named, e.g. `a lease`. */
export function checkIdentifier(text: string, what: string, invalid: ErrorFactory): string {
  if (isIdentifier(text)) return text;
  throw invalid(`${JSON.stringify(text.slice(0, MAX_IDENTIFIER_LENGTH + 4))} can't name ${what}`);
}
