import type { Fields } from './filter.ts';

/**
 * The fields of a record as programs see it in JSON: dotted paths into its objects; a list stands for its items. An
 * object that is asked for as a whole is its JSON. A name with dots in it, as labels have, is also found by the rest of the path.
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
  const texts = Object.hasOwn(value, field) ? textsAt(Reflect.get(value, field), path, depth + 1) : [];
  return texts.length > 0 || depth + 1 === path.length ? texts : textsNamed(value, path.slice(depth).join('.'));
}

const textsNamed = (value: object, name: string): readonly string[] =>
  Object.hasOwn(value, name) ? textsAt(Reflect.get(value, name), [], 0) : [];

const scalarText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
