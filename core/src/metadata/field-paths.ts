import type { ErrorFactory } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { changeLabels, type Labels, newLabels } from './labels.ts';

/** A record of which fields can be updated, labels among them. */
export interface Labelled {
  readonly labels: Labels;
}

/** How the records of a kind are updated. */
export interface Updatable<T extends Labelled> {
  /** What they are called, e.g. `a lease`. */
  readonly what: string;
  readonly mutable: readonly (keyof T & string)[];
  /** Which others there are, so that they are told from those that don't exist. */
  readonly immutable: readonly string[];
  readonly invalidLabels: ErrorFactory;
}

/**
 * The record after an update. Field paths name what changes: a field (`labels`: all of them are replaced), or one label
 * (`labels.<key>`; the key is all that follows the first dot). A label that has no value or an empty one in `update` is
 * deleted. Without paths all mutable fields are replaced by those that `update` has.
 *
 * Errors: `metadata.invalid_field_path` for a field that doesn't exist or never changes, the owner's error for labels.
 */
export function applyUpdate<T extends Labelled>(record: T, update: Partial<T>, paths: readonly string[], kind: Updatable<T>): T {
  const wanted = paths.length > 0 ? paths : kind.mutable.filter((field) => update[field] !== undefined);
  let result = record;
  for (const path of wanted) result = applyPath(result, update, path, kind);
  return result;
}

function applyPath<T extends Labelled>(record: T, update: Partial<T>, path: string, kind: Updatable<T>): T {
  const labels: Labels = update.labels ?? {};
  if (path.startsWith('labels.')) {
    const label = path.slice('labels.'.length);
    const value = Object.hasOwn(labels, label) ? (labels[label] ?? '') : '';
    return { ...record, labels: changeLabels(record.labels, { [label]: value }, kind.invalidLabels) };
  }
  const field = kind.mutable.find((name) => name === path);
  if (field === undefined) throw invalidPath(path, kind);
  if (field === 'labels') return { ...record, labels: newLabels(labels, kind.invalidLabels) };
  if (update[field] === undefined) throw metadataErrors.invalidFieldPath(`the update names the field ${field} and has no value for it`);
  return { ...record, [field]: update[field] };
}

function invalidPath<T extends Labelled>(path: string, { what, mutable, immutable }: Updatable<T>): Error {
  const field = path.split('.', 1)[0] ?? path;
  const known = mutable.some((name) => name === field);
  const fault = known
    ? `${JSON.stringify(path)} goes deeper than an update can`
    : immutable.includes(field)
      ? `the field ${field} of ${what} never changes`
      : `${what} has no field ${JSON.stringify(path)}`;
  return metadataErrors.invalidFieldPath(fault, { details: { path, mutable: [...mutable] } });
}
