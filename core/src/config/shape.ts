import * as z from 'zod';
import type { JsonObject, JsonValue } from '../json.ts';
import type { KeyPath } from './key-path.ts';
import { isList, isTable } from './merge.ts';
import { unitsOf, writeMeasure } from './units.ts';

/**
 * What a schema takes, as JSON Schema. Keys, defaults, descriptions and the reference page are all read off it, so that
 * the zod schema stays their only source.
 */
export function shapeOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: textDefault });
  // JSON Schema is JSON; zod's type merely says so less exactly.
  return JSON.parse(JSON.stringify(shape)) as JsonObject;
}

/**
 * zod leaves the default of a transformed setting out, as it is no input. Of a duration or size it can be written as one, and with it
 * the file shows what holds.
 */
function textDefault({ zodSchema, jsonSchema }: { readonly zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { def } = zodSchema._zod;
  const units = unitsOf(jsonSchema['unit']);
  if (def.type === 'default' && units !== undefined && typeof def.defaultValue === 'number') {
    jsonSchema.default = writeMeasure(def.defaultValue, units);
  }
}

/** The properties of an object's shape. */
export function propertiesOf(shape: JsonObject): Readonly<Record<string, JsonObject>> {
  const { properties } = shape;
  if (!isTable(properties)) return {};
  return Object.fromEntries(Object.entries(properties).flatMap(([key, value]) => (isTable(value) ? [[key, value]] : [])));
}

/** The shapes that a value may have: itself, or its alternatives. */
export function alternatives(shape: JsonObject): readonly JsonObject[] {
  const among = shape['anyOf'] ?? shape['oneOf'];
  if (!isList(among)) return [shape];
  return among.filter((one): one is JsonObject => isTable(one)).flatMap(alternatives);
}

/** The keys that may stand in the table at this path. */
export function keysAt(shape: JsonObject, path: KeyPath): readonly string[] {
  return [...new Set(shapesAt(shape, path).flatMap((at) => Object.keys(propertiesOf(at))))];
}

/** What may stand at this path. */
export function shapesAt(shape: JsonObject, path: KeyPath): readonly JsonObject[] {
  const [key, ...rest] = path;
  if (key === undefined) return alternatives(shape);
  return alternatives(shape).flatMap((one) => {
    const inner = child(one, key);
    return inner === undefined ? [] : shapesAt(inner, rest);
  });
}

/** What may stand under a key or at an index of one of the alternatives. */
export function child(shape: JsonObject, key: string | number): JsonObject | undefined {
  if (typeof key === 'number') {
    const { items, prefixItems } = shape;
    const own = isList(prefixItems) ? prefixItems[key] : undefined;
    return tableOrUndefined(own ?? items);
  }
  const properties = propertiesOf(shape);
  return Object.hasOwn(properties, key) ? properties[key] : tableOrUndefined(shape['additionalProperties']);
}

function tableOrUndefined(value: JsonValue | undefined): JsonObject | undefined {
  return isTable(value) ? value : undefined;
}

/**
 * Keys of a value that its shape does not have. zod tells them only for strict objects, and drops them silently for plain ones; in a
 * config both are faults. What takes any key (a record, a loose object) says so by `additionalProperties`.
 */
export function unknownKeys(shape: JsonObject, value: JsonValue | undefined, path: KeyPath = []): readonly KeyPath[] {
  const found = alternatives(shape).map((one) => unknownKeysOf(one, value, path));
  return found.reduce((least, one) => (one.length < least.length ? one : least), found[0] ?? []);
}

function unknownKeysOf(shape: JsonObject, value: JsonValue | undefined, path: KeyPath): readonly KeyPath[] {
  if (isList(value)) {
    return value.flatMap((element, index) => {
      const inner = child(shape, index);
      return inner === undefined ? [] : unknownKeys(inner, element, [...path, index]);
    });
  }
  if (!isTable(value) || shape['type'] !== 'object') return [];
  const { additionalProperties: others = false } = shape;
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = child(shape, key);
    if (known !== undefined) return unknownKeys(known, inner, [...path, key]);
    return others === false ? [[...path, key]] : [];
  });
}
