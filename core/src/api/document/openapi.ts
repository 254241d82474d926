import * as z from 'zod';
import type { JsonObject, JsonValue } from '../../json.ts';
import type { AnswerDescription, RouteDescription } from '../route.ts';
import { records } from './records.ts';

const SCHEMAS = '#/components/schemas/';
const PROBLEM = '#/components/responses/Problem';

/** The OpenAPI 3.1 document of these routes. Costs some milliseconds: nothing of it is made before somebody asks. */
export function openApi(routes: readonly RouteDescription[], version: string): JsonObject {
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const route of routes) {
    const path = (paths[templateOf(route.path)] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hawser agent',
      version,
      summary: 'The API of a Hawser agent, over its unix socket',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://hawser', description: 'hawser.sock in the state folder; the name of the host is not looked at' }],
    paths,
    components: { schemas: schemas(), responses: { Problem: problemResponse } },
  };
}

const problemResponse = {
  description: 'What went wrong, as RFC 9457 has it',
  content: { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } },
};

function operationOf(route: RouteDescription): JsonObject {
  const { method, path, summary, params, query, body, answers } = route;
  const parameters = [...parametersIn('path', params), ...parametersIn('query', query)];
  const responses = Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)] as const);
  return {
    operationId: operationIdOf(method, path),
    summary,
    tags: [areaOf(path)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBodyOf(body) }),
    responses: { ...Object.fromEntries(responses), default: { $ref: PROBLEM } },
  };
}

/** What has to be there is what the schema refuses to do without. */
const requestBodyOf = (body: z.ZodType): JsonObject => ({
  required: !body.safeParse({}).success,
  content: { 'application/json': { schema: schemaOf(body) } },
});

function responseOf({ record, media = 'application/json' }: AnswerDescription): JsonObject {
  if (record === undefined) return { description: 'Done' };
  return { description: record, content: { [media]: { schema: { $ref: `${SCHEMAS}${record}` } } } };
}

/** A parameter for each key of an object. */
function parametersIn(where: 'path' | 'query', part: z.ZodType | undefined): readonly JsonObject[] {
  if (part === undefined) return [];
  const { properties, required } = asParts.parse(schemaOf(part));
  return Object.entries(properties).map(([name, schema]) => ({ name, in: where, required: required.includes(name), schema }));
}

const asParts = z.object({
  properties: z.record(z.string(), z.custom<JsonObject>()),
  required: z.array(z.string()).default([]),
});

/** What may be sent, which for what is answered lets fields be added. It is JSON by definition. */
function schemaOf(schema: z.ZodType): JsonObject {
  return bare(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as JsonObject);
}

/** Records refer to each other by name. */
function schemas(): JsonObject {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of Object.entries(records)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { unrepresentable: 'any', io: 'input', uri: (id) => `${SCHEMAS}${id}` });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, bare(schema as JsonObject)]));
}

/** Both are the whole document's business. */
function bare({ $schema: _version, $id: _id, ...schema }: JsonObject): JsonObject {
  return schema;
}

/** `/v1/leases/:id` → `/v1/leases/{id}`. */
const templateOf = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

/** `GET /v1/leases/:id` → `getLeasesById`. */
function operationIdOf(method: string, path: string): string {
  const words = segmentsOf(path).flatMap((segment) => (segment.startsWith(':') ? ['by', segment.slice(1)] : segment.split('.')));
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

const areaOf = (path: string): string => (path.startsWith('/v1/') ? (segmentsOf(path)[0] ?? 'agent') : 'probes');

const segmentsOf = (path: string): readonly string[] => path.split('/').filter((segment) => segment !== '' && segment !== 'v1');
