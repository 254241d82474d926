import type { Labels } from '../metadata/labels.ts';
import { parseTime } from '../metadata/rfc3339.ts';

/** Keeps a snapshot alive by itself, whatever its value. */
export const ROOT_LABEL = 'gc.root';
/** Keeps it alive until then (RFC 3339); a value that can't be parsed keeps it. */
export const EXPIRE_LABEL = 'gc.expire';

/** When the labels stop keeping it alive: undefined where they don't by themselves. */
export function expiryOf(labels: Labels): number | undefined {
  const text = labels[EXPIRE_LABEL];
  return text === undefined ? undefined : parseTime(text);
}

export function keptByLabels(labels: Labels, now: number): boolean {
  if (labels[ROOT_LABEL] !== undefined) return true;
  if (labels[EXPIRE_LABEL] === undefined) return false;
  const at = expiryOf(labels);
  return at === undefined || at > now;
}
