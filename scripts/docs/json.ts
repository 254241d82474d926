import * as z from 'zod';
import type { CodeBlock } from '../markdown.ts';
import type { OpenApi } from './reference-agent.ts';

/**
 * A `json` block is JSON. One with `record=Lease` behind the language is such a record of the OpenAPI document: what is missing or of
 * another type is a fault, and so is more where the document has no room for it.
 */
export function jsonFaults(block: CodeBlock, { components: { schemas } }: OpenApi): readonly string[] {
  if (block.language !== 'json') return [];
  const at = `${block.file}:${block.line}`;
  let value: unknown;
  try {
    value = JSON.parse(block.lines.join('\n'));
  } catch (error) {
    return [`${at}: ${error instanceof Error ? error.message : String(error)}`];
  }
  const record = /(?:^|\s)record=(\S+)/.exec(block.info)?.[1];
  if (record === undefined) return [];
  if (schemas[record] === undefined) return [`${at}: the API has no record ${record}; it has ${Object.keys(schemas).join(', ')}`];
  const parsed = schemaOf(schemas, record).safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${at}: ${issue.path.join('.')}: ${issue.message}`);
}

/** Records refer to each other by pointers into the whole document. */
function schemaOf(schemas: OpenApi['components']['schemas'], record: string): z.ZodType {
  const text = JSON.stringify({ $ref: `#/$defs/${record}`, $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema(z.custom<z.core.JSONSchema.JSONSchema>().parse(JSON.parse(text)));
}
