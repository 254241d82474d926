import * as z from 'zod';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Topic } from '../plugin/topic.ts';
import { typeOf } from './topics.ts';

/** A topic as programs see it. */
export type TopicDescription = {
  readonly topic: string;
  readonly type: string;
  readonly summary: string;
  /** JSON Schema of its data. */
  readonly schema: JsonObject;
};

/** By name. */
export const describeTopics = (topics: readonly Topic[]): readonly TopicDescription[] =>
  topics
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, summary, schema }) => ({ topic: name, type: typeOf(name), summary, schema: toSchema(schema) }));

/** The fields of its data in one line: `id, labels, expiresAt?`. */
export function fieldsText({ schema }: TopicDescription): string {
  const { properties, required } = schema;
  const needed = new Set(isList(required) ? required : []);
  return Object.keys(typeof properties === 'object' && properties !== null && !isList(properties) ? properties : {})
    .map((field) => (needed.has(field) ? field : `${field}?`))
    .join(', ');
}

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

/** It is JSON by definition. */
function toSchema(schema: z.ZodType): JsonObject {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' }) as JsonObject;
  return rest;
}
