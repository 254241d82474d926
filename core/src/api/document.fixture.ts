import * as z from 'zod';

const schema = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.json()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get anyOf() {
    return z.array(schema).optional();
  },
  get properties() {
    return z.record(z.string(), schema).default({});
  },
  required: z.array(z.string()).default([]),
});
const parameter = z.looseObject({ name: z.string(), in: z.enum(['path', 'query']), required: z.boolean(), schema });
const operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ required: z.boolean(), content: z.object({ 'application/json': z.object({ schema }) }) }).optional(),
  responses: z.record(z.string(), z.looseObject({})),
});
const documented = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

/** What of JSON Schema the document makes use of. */
export type Schema = z.output<typeof schema>;

/** One operation of the document, with its place. */
export interface Operation extends z.output<typeof operation> {
  /** In capitals. */
  readonly method: string;
  readonly path: string;
}

/** The operations that a document of the API tells of. */
export const operationsIn = (json: string): readonly Operation[] =>
  Object.entries(documented.parse(JSON.parse(json)).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );

/** An operation's parameters in one part of requests. */
export const parametersOf = ({ parameters }: Operation, where: 'path' | 'query') => parameters.filter((one) => one.in === where);
