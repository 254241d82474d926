import type { Fields } from './filter.ts';

/**
 * The fields of a record as programs see it in JSON: dotted paths into its objects; a list stands for its items. An
 * object that is asked for as a whole is its JSON.
 */
export const fieldsOf =
  (record: object): Fields =>
  (path) => {
    const texts = textsAt(record, path, 0);
    return texts.length === 0 ? undefined : texts;
  };

function textsAt(value: unknown, path: readonly string[], depth: number): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item: unknown) => textsAt(item, path, depth));
  const field = path[depth];
  if (typeof value !== 'object') return field === undefined ? [scalarText(value)] : [];
  if (field === undefined) return [JSON.stringify(value)];
  return Object.hasOwn(value, field) ? textsAt(Reflect.get(value, field), path, depth + 1) : [];
}

const scalarText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
