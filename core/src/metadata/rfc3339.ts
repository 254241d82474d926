const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Milliseconds since the epoch of an RFC 3339 time; undefined for every other text. `Date.parse` alone would take `1` for
 * a day in 2001, and the 30th of February for the 1st of March: what a label keeps until then would be gone.
 */
export function parseTime(text: string): number | undefined {
  if (!RFC_3339.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) || !isDay(text.slice(0, 10)) ? undefined : at;
}

const isDay = (date: string): boolean => new Date(date).toISOString().startsWith(date);

/** The last that RFC 3339 can write. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since the epoch in RFC 3339, UTC; what lies outside of what that can write is the epoch or the last of it. */
export const timeText = (at: number): string => new Date(Math.min(Math.max(at, 0), LAST_TIME)).toISOString();
