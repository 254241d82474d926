import { closest, distance } from 'fastest-levenshtein';

/** The known name that was probably meant: at most a third of its letters away, or two, which is one swapped pair. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 200) return undefined;
  const found = closest(name, known);
  const away = distance(name, found);
  const longer = Math.max(name.length, found.length);
  return away < Math.min(name.length, found.length) && away <= Math.max(2, Math.floor(longer / 3)) ? found : undefined;
}
