import type { JsonObject, JsonValue } from '../json.ts';
import type { KeyPath } from './key-path.ts';
import { isList, isTable } from './merge.ts';
import { MASK } from './secret.ts';
import { alternatives, child } from './shape.ts';

const innerShapes = (shape: JsonObject, key: string | number): readonly JsonObject[] => [child(shape, key) ?? []].flat();

const isSecret = (shape: JsonObject): boolean => shape['writeOnly'] === true;

/** A value with `***` in the place of every secret; where one is only referred to, it stays as it is. */
export function masked(shape: JsonObject, value: JsonValue): JsonValue {
  if (isSecret(shape)) return isTable(value) ? value : MASK;
  const [only, ...others] = alternatives(shape);
  if (only !== shape) return [only, ...others].reduce<JsonValue>((shown, one) => (one === undefined ? shown : masked(one, shown)), value);
  if (isList(value)) return value.map((element, index) => maskedBelow(shape, index, element));
  return isTable(value) ? maskedTable(shape, value) : value;
}

/** The same of a table. */
export const maskedTable = (shape: JsonObject, table: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, value === undefined ? value : maskedBelow(shape, key, value)]));

const maskedBelow = (shape: JsonObject, key: string | number, value: JsonValue): JsonValue =>
  innerShapes(shape, key).reduce<JsonValue>((shown, one) => masked(one, shown), value);

/** Tells whether what stands at a path, or above it, is a secret. */
export function secretsIn(shape: JsonObject): (path: KeyPath) => boolean {
  // Most have none, and of a bad file there are many paths to ask about.
  if (!JSON.stringify(shape).includes('"writeOnly":true')) return () => false;
  return (path) => {
    let shapes: readonly JsonObject[] = [shape];
    for (const key of path) {
      shapes = shapes.flatMap((one) => alternatives(one)).flatMap((one) => innerShapes(one, key));
      if (shapes.length === 0) return false;
      if (shapes.some(isSecret)) return true;
    }
    return false;
  };
}
