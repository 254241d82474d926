import type * as z from 'zod';
import type { JsonValue } from '../json.ts';
import type { RecordName } from './document/records.ts';
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

/** What the answers of one status are made of. */
export interface AnswerDescription {
  /** Absent: there is no body. */
  readonly record?: RecordName;
  /** JSON unless told. */
  readonly media?: 'application/json' | 'application/x-ndjson' | 'text/plain';
}

/** One resource and method, as the document of the API tells it. */
export interface RouteDescription {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** In fastify's notation. */
  readonly path: string;
  /** What it does, a clause without a stop. */
  readonly summary: string;
  /** What the parts of a request are checked with, each an object by name; absent: nothing of it is looked at. */
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** By status, but for errors: those are problem documents everywhere. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
}

/** A resource that the server serves. What `handle` returns is the JSON body. */
export interface Route extends RouteDescription {
  readonly deadlineMs?: number;
  handle(request: ApiRequest): unknown;
}

/** A request of which the parts that the route describes are checked. */
interface CheckedRequest<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends Pick<ApiRequest, 'requestId' | 'signal'> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

interface CheckedRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends Omit<Route, 'handle'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  handle(request: CheckedRequest<P, Q, B>): unknown;
}

/** A route that is handed what its schemas have made of the request, so that what is documented is what is checked. */
export function route<P extends z.ZodType = z.ZodUnknown, Q extends z.ZodType = z.ZodUnknown, B extends z.ZodType = z.ZodUnknown>(
  made: CheckedRoute<P, Q, B>,
): Route {
  return {
    ...made,
    handle: ({ params, query, body, ...rest }) =>
      made.handle({
        ...rest,
        params: checkWhere(made.params, params, 'path'),
        query: checkWhere(made.query, query, 'query'),
        body: checkWhere(made.body, body, 'body'),
      }),
  };
}

type Part = 'path' | 'query' | 'body';

/** Where there is no schema, its type is unknown, and so is what it stays. */
const checkWhere = <S extends z.ZodType>(schema: S | undefined, value: unknown, part: Part): z.output<S> =>
  schema === undefined ? (value as z.output<S>) : check(schema, value, part);

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
export function check<S extends z.ZodType>(schema: S, value: unknown, part: Part): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => ({ key: issue.path.join('.'), message: issue.message }));
  const text = faults.map((fault) => (fault.key === '' ? fault.message : `${fault.key}: ${fault.message}`)).join('; ');
  throw apiErrors.badRequest(`the ${part} is not valid: ${text}`, { details: { part, faults } });
}
