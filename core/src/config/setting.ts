import type { JsonObject, JsonValue } from '../json.ts';
import { isList, isTable } from './merge.ts';
import { alternatives, propertiesOf } from './shape.ts';

/** One key of a table as its schema describes it. */
export interface Setting {
  readonly key: string;
  /** For people: `string`, `integer`, `list of string`, `"a" or "b"`. */
  readonly type: string;
  readonly description: string;
  /** As it would be written; absent where there is none. */
  readonly default?: JsonValue;
  readonly required: boolean;
}

/** The keys of a table in the order of its schema. */
export function settingsIn(shape: JsonObject): readonly Setting[] {
  const required: readonly JsonValue[] = isList(shape['required']) ? shape['required'] : [];
  return Object.entries(propertiesOf(shape)).map(([key, property]) => {
    const fallback = writtenDefault(property);
    const { description } = property;
    return {
      key,
      type: typeName(property),
      description: typeof description === 'string' ? description : '',
      required: required.includes(key),
      ...(fallback === undefined ? {} : { default: fallback }),
    };
  });
}

/** All keys with those of tables inside them: `routes[].dst`, and `peers.*.address` where any key may stand. */
export function allSettingsIn(shape: JsonObject, prefix = ''): readonly Setting[] {
  return settingsIn(shape).flatMap((setting) => {
    const property = propertiesOf(shape)[setting.key] ?? {};
    const key = `${prefix}${setting.key}`;
    const inner = alternatives(property).flatMap((one) => {
      const { items, additionalProperties: others } = one;
      if (isTable(items)) return allSettingsIn(items, `${key}[].`);
      return [...allSettingsIn(one, `${key}.`), ...(isTable(others) ? allSettingsIn(others, `${key}.*.`) : [])];
    });
    return [{ ...setting, key }, ...inner];
  });
}

/** A default that a file could have: that of a setting which code transforms may have another type than its text. */
function writtenDefault(property: JsonObject): JsonValue | undefined {
  const { default: value } = property;
  if (value === undefined || value === null) return undefined;
  return alternatives(property).some(({ type }) => type === undefined || fits(value, type)) ? value : undefined;
}

function fits(value: JsonValue, type: JsonValue): boolean {
  if (type === 'integer' || type === 'number') return typeof value === 'number';
  if (type === 'array') return isList(value);
  if (type === 'object') return isTable(value);
  return typeof value === type;
}

function typeName(shape: JsonObject): string {
  if (shape['writeOnly'] === true) return 'secret';
  const names = alternatives(shape).map((one) => {
    const { type, kind, items } = one;
    if (isList(one['enum'])) return one['enum'].map((value) => JSON.stringify(value)).join(' or ');
    if (one['const'] !== undefined) return JSON.stringify(one['const']);
    if (type === 'array') return isTable(items) ? `list of ${typeName(items)}` : 'list';
    if (type === 'object') return 'table';
    const name = typeof kind === 'string' ? kind : typeof type === 'string' ? type : 'value';
    return `${name}${boundsOf(one)}`;
  });
  return [...new Set(names)].join(' or ');
}

/** ` from 1 to 64`, as far as there are bounds that say something. */
function boundsOf(shape: JsonObject): string {
  const { minimum, maximum, exclusiveMinimum, atLeast = minimum, atMost = maximum } = shape;
  const least = exclusiveMinimum === undefined ? bound(atLeast, 'from') : bound(exclusiveMinimum, 'above');
  return `${least}${bound(atMost, 'to')}`;
}

function bound(value: JsonValue | undefined, word: string): string {
  if (typeof value === 'string') return ` ${word} ${value}`;
  return typeof value === 'number' && Math.abs(value) !== Number.MAX_SAFE_INTEGER ? ` ${word} ${value}` : '';
}

/** A table with the defaults of its shape where it has no value of its own, at every depth. */
export function withDefaults(shape: JsonObject, table: JsonObject): JsonObject {
  const filled: Record<string, JsonValue | undefined> = { ...table };
  const { additionalProperties: others } = shape;
  if (isTable(others)) {
    for (const [key, value] of Object.entries(table)) if (value !== undefined) filled[key] = fillValue(others, value);
  }
  for (const { key, default: fallback } of settingsIn(shape)) {
    const property = propertiesOf(shape)[key] ?? {};
    const value = Object.hasOwn(table, key) ? table[key] : fallback;
    if (value !== undefined) filled[key] = fillValue(property, value);
  }
  return filled;
}

function fillValue(shape: JsonObject, value: JsonValue): JsonValue {
  // Which of several alternatives a value is meant to be is not for this to say.
  if (alternatives(shape).length > 1) return value;
  const { items } = shape;
  if (isList(value)) return isTable(items) ? value.map((element) => fillValue(items, element)) : value;
  return isTable(value) ? withDefaults(shape, value) : value;
}
