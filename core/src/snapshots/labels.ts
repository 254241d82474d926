import { snapshotErrors } from './errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** Keeps a snapshot alive by itself, whatever its value. */
export const ROOT_LABEL = 'gc.root';
/** Keeps it alive until then (RFC 3339); a value that can't be parsed keeps it. */
export const EXPIRE_LABEL = 'gc.expire';

const MAX_LABEL_BYTES = 4096;

/** The labels after a change: an empty value deletes. */
export function changeLabels(labels: Labels, changes: Labels): Labels {
  for (const [key, value] of Object.entries(changes)) {
    if (key === '' || Buffer.byteLength(key) + Buffer.byteLength(value) > MAX_LABEL_BYTES) {
      throw snapshotErrors.invalidLabels(`label '${key.slice(0, 80)}' is empty or too long`);
    }
  }
  return Object.fromEntries(Object.entries({ ...labels, ...changes }).filter(([, value]) => value !== ''));
}

/** When the labels stop keeping it alive: undefined where they don't by themselves. */
export function expiryOf(labels: Labels): number | undefined {
  const text = labels[EXPIRE_LABEL];
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

export function keptByLabels(labels: Labels, now: number): boolean {
  if (labels[ROOT_LABEL] !== undefined) return true;
  if (labels[EXPIRE_LABEL] === undefined) return false;
  const at = expiryOf(labels);
  return at === undefined || at > now;
}
