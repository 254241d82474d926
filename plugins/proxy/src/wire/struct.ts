import type { JsonObject, JsonValue } from '@hawser/core';
import * as z from 'zod';

/** Tables inside each other that a message may have; what is deeper is a mistake or an attack. */
const MAX_DEPTH = 32;

/** A google.protobuf.Value as it is read. */
interface WireValue {
  readonly nullValue?: unknown;
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: WireStruct;
  readonly listValue?: { readonly values?: readonly WireValue[] };
}

/** A google.protobuf.Struct as it is read. */
export interface WireStruct {
  readonly fields?: Readonly<Record<string, WireValue>>;
}

/** A JSON object as a google.protobuf.Struct; keys without a value are left out. */
export function toStruct(object: JsonObject): WireStruct {
  const fields = Object.entries(object).flatMap(([key, value]) => (value === undefined ? [] : [[key, toValue(value)] as const]));
  return { fields: Object.fromEntries(fields) };
}

function toValue(value: JsonValue): WireValue {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (isList(value)) return { listValue: { values: value.map(toValue) } };
  return { structValue: toStruct(value) };
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/**
 * A google.protobuf.Struct as a JSON object; an absent one is empty. What JSON can't hold (numbers that are none, values
 * of no kind, tables too deep) is refused.
 */
export const struct = z
  .custom<WireStruct>((value) => typeof value === 'object' && value !== null)
  .optional()
  .transform((value, context): JsonObject => {
    try {
      return fromStruct(value ?? {}, 0);
    } catch (thrown) {
      if (!(thrown instanceof NotJson)) throw thrown;
      context.issues.push({ code: 'custom', input: value, message: thrown.message });
      return z.NEVER;
    }
  });

class NotJson extends Error {
  override readonly name = 'NotJson';
}

function fromStruct({ fields = {} }: WireStruct, depth: number): JsonObject {
  if (depth >= MAX_DEPTH) throw new NotJson(`has more than ${MAX_DEPTH} tables inside each other`);
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, fromValue(value, key, depth + 1)]));
}

function fromValue(value: WireValue, key: string, depth: number): JsonValue {
  const { numberValue, stringValue, boolValue, structValue, listValue } = value;
  if (numberValue !== undefined) {
    if (Number.isFinite(numberValue)) return numberValue;
    throw new NotJson(`has a number that is none (${key})`);
  }
  if (stringValue !== undefined) return stringValue;
  if (boolValue !== undefined) return boolValue;
  if (structValue !== undefined) return fromStruct(structValue, depth);
  if (listValue !== undefined) {
    if (depth >= MAX_DEPTH) throw new NotJson(`has more than ${MAX_DEPTH} lists inside each other`);
    return (listValue.values ?? []).map((element) => fromValue(element, key, depth + 1));
  }
  if (value.nullValue !== undefined) return null;
  throw new NotJson(`has a value of no kind (${key})`);
}
