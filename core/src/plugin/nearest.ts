import { closest, distance } from 'fastest-levenshtein';

/**
 * The known name that was probably meant: at most a third of its letters away, or two, which is one swapped pair; of a name with dots
 * each part, for what all have in common says nothing.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 200) return undefined;
  const found = closest(name, known);
  const [parts, others] = [name.split('.'), found.split('.')];
  const near = parts.length === others.length ? parts.every((part, at) => isNear(part, others[at] ?? '')) : isNear(name, found);
  return near ? found : undefined;
}

function isNear(one: string, other: string): boolean {
  const away = distance(one, other);
  const [shorter, longer] = [Math.min(one.length, other.length), Math.max(one.length, other.length)];
  return away === 0 || (away < shorter && away <= Math.max(2, Math.floor(longer / 3)));
}
