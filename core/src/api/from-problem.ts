import * as z from 'zod';
import { HawserError } from '../errors/index.ts';
import { KINDS } from './problem.ts';

const problemSchema = z.object({
  code: z.string(),
  kind: z.enum(KINDS),
  detail: z.string(),
  remedy: z.string(),
  details: z.record(z.string(), z.json()).optional(),
  requestId: z.string().optional(),
});

/** The error that a problem document was made from, its request among the details; undefined when it isn't one. */
export function fromProblem(value: unknown): HawserError | undefined {
  const parsed = problemSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { code, kind, detail, remedy, details, requestId } = parsed.data;
  return new HawserError(code, { kind, remedy }, detail, { details: { ...details, ...(requestId === undefined ? {} : { requestId }) } });
}
