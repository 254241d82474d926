import type * as z from 'zod';
import type { JsonValue } from '../json.ts';
import { apiErrors } from './errors.ts';

/** The `server` header of every answer, by which the client tells an agent from whatever else may listen. */
export const SERVER = 'hawser';

/** How long a request may take unless its route says otherwise. */
export const DEADLINE_MS = 30_000;

/** One request, past the server: nothing of it is checked yet but its size and that its body is JSON. */
export interface ApiRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly requestId: string;
  /** Aborts when the deadline passes or the client has gone. */
  readonly signal: AbortSignal;
}

/** An answer with another status than 200, or 204 where there is no body. */
export interface Answer {
  readonly status: number;
  readonly body: JsonValue | object;
}

/** One resource and method. What `handle` returns is the JSON body. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** In fastify's notation. */
  readonly path: string;
  readonly deadlineMs?: number;
  handle(request: ApiRequest): unknown;
}

const answers = new WeakSet<object>();

/** Marks a body to go out with a status of its own. */
export function answer(status: number, body: JsonValue | object): Answer {
  const made = { status, body };
  answers.add(made);
  return made;
}

/** Whether a handler has returned what `answer` makes. */
export const isAnswer = (value: unknown): value is Answer => typeof value === 'object' && value !== null && answers.has(value);

/** Checks a part of the request; `api.bad_request` names every key at fault. */
export function check<S extends z.ZodType>(schema: S, value: unknown, part: 'path' | 'query' | 'body'): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => ({ key: issue.path.join('.'), message: issue.message }));
  const text = faults.map((fault) => (fault.key === '' ? fault.message : `${fault.key}: ${fault.message}`)).join('; ');
  throw apiErrors.badRequest(`the ${part} is not valid: ${text}`, { details: { part, faults } });
}
