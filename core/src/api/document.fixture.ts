import * as z from 'zod';

const parameter = z.looseObject({ name: z.string(), in: z.enum(['path', 'query']), required: z.boolean(), schema: z.unknown() });
const body = z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) });
const operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ required: z.boolean(), content: z.object({ 'application/json': z.object({ schema: body }) }) }).optional(),
  responses: z.record(z.string(), z.looseObject({})),
});
const documented = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

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

/** Names of an operation's parameters in one part of requests. */
export const parametersOf = ({ parameters }: Operation, where: 'path' | 'query'): readonly string[] =>
  parameters.filter((one) => one.in === where).map(({ name }) => name);
