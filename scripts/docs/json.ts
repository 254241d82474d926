import * as z from 'zod';
import type { CodeBlock } from '../markdown.ts';
import type { OpenApi } from './reference-agent.ts';

/**
 * A `json` block is JSON. One with `answer=GET:/healthz` behind the language has the shape of what the API answers there, as its
 * OpenAPI document tells it: what is missing or of another type is a fault, and so is more where the document has no room for it.
 */
export function jsonFaults(block: CodeBlock, api: OpenApi): readonly string[] {
  if (block.language !== 'json') return [];
  const at = `${block.file}:${block.line}`;
  let value: unknown;
  try {
    value = JSON.parse(block.lines.join('\n'));
  } catch (error) {
    return [`${at}: ${error instanceof Error ? error.message : String(error)}`];
  }
  const [, method = '', path = ''] = /(?:^|\s)answer=([A-Z]+):(\S+)/.exec(block.info) ?? [];
  if (path === '') return [];
  const record = recordOf(api, method.toLowerCase(), path);
  if (record === undefined) return [`${at}: the API has no answer of JSON to ${method} ${path}`];
  const parsed = schemaOf(api, record).safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${at}: ${issue.path.join('.')}: ${issue.message}`);
}

/** The name of the schema of what a successful request is answered with. */
function recordOf({ paths }: OpenApi, method: string, path: string): string | undefined {
  const answers = Object.entries(paths[path]?.[method]?.responses ?? {}).find(([status]) => status.startsWith('2'));
  return /"application\/json":\{"schema":\{"\$ref":"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(answers?.[1] ?? ''))?.[1];
}

function schemaOf({ components }: OpenApi, record: string): z.ZodType {
  const whole = { $ref: `#/$defs/${record}`, $defs: components.schemas };
  return z.fromJSONSchema(
    z.custom<z.core.JSONSchema.JSONSchema>().parse(JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/'))),
  );
}
