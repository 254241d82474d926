import type { Labels } from '../metadata/labels.ts';
import { parseTime, timeText } from '../metadata/rfc3339.ts';

/**
 * The label that tells until when something lives (RFC 3339); a value that can't be parsed keeps it. A lease's `expiresAt` and this
 * label are one thing.
 */
export const EXPIRE_LABEL = 'gc.expire';
/** On a lease, whatever its value: it protects its resources alone, and nothing that only their labels refer to. */
export const FLAT_LABEL = 'gc.flat';

/** What is stored of a lease's terms: an expiry that can be read stands outside of the labels. */
export interface Terms {
  readonly labels: Labels;
  /** RFC 3339, UTC. */
  readonly expiresAt?: string;
}

/** Labels as callers give them, taken apart. A time that can't be read stays a label, and keeps the lease. */
export function toTerms(labels: Labels): Terms {
  const text = labels[EXPIRE_LABEL];
  const at = text === undefined ? undefined : parseTime(text);
  if (at === undefined) return { labels };
  const { [EXPIRE_LABEL]: _expiry, ...others } = labels;
  return { labels: others, expiresAt: timeText(at) };
}

/** Labels as callers see them, the expiry among them. */
export const shownLabels = ({ labels, expiresAt }: Terms): Labels =>
  expiresAt === undefined ? labels : { ...labels, [EXPIRE_LABEL]: expiresAt };
