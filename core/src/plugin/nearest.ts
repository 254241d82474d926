import { closest, distance } from 'fastest-levenshtein';

/** The known name that was probably meant: at most a third of its letters away. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 200) return undefined;
  const found = closest(name, known);
  return distance(name, found) <= Math.max(1, Math.floor(Math.max(name.length, found.length) / 3)) ? found : undefined;
}
