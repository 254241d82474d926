import type { ErrorFactory } from '../errors/index.ts';

/** Facts about a record, for filters and for garbage collection. No value is empty. */
export type Labels = Readonly<Record<string, string>>;

/** Bytes of a label's key and value together. */
const MAX_LABEL_BYTES = 4096;

/** The labels after a change: those that are named change, an empty value deletes. Errors are of their owner's area. */
export function changeLabels(labels: Labels, changes: Labels, invalid: ErrorFactory): Labels {
  checkLabels(changes, invalid);
  return withoutEmpty({ ...labels, ...changes });
}

/** Labels that replace all others; empty values are left out. */
export function newLabels(labels: Labels, invalid: ErrorFactory): Labels {
  checkLabels(labels, invalid);
  return withoutEmpty(labels);
}

function checkLabels(labels: Labels, invalid: ErrorFactory): void {
  for (const [key, value] of Object.entries(labels)) {
    const shown = JSON.stringify(key.slice(0, 80));
    if (key === '') throw invalid('a label has an empty key');
    if (!key.isWellFormed() || !value.isWellFormed()) throw invalid(`label ${shown} is not well-formed Unicode`);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (bytes > MAX_LABEL_BYTES)
      throw invalid(`label ${shown} has ${bytes} bytes, of at most ${MAX_LABEL_BYTES}`, { details: { label: key.slice(0, 80), bytes } });
  }
}

const withoutEmpty = (labels: Labels): Labels => {
  for (const key in labels) if (labels[key] === '') return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
  return labels;
};
