import type * as z from 'zod';
import { proxyErrors } from '../errors.ts';
import type { Method } from '../wire/proto.ts';
import { tidy } from '../wire/status.ts';

/** Reads an answer; whatever isn't one is `proxy.bad_answer` with what is wrong and where. */
export function readAnswer<T>(method: Method, schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(decoded(method, bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw proxyErrors.badAnswer(`the answer to ${method.path} is wrong: ${where === '' ? '' : `${where} `}${tidy(issue?.message ?? '')}`, {
    cause: parsed.error,
  });
}

function decoded(method: Method, bytes: Uint8Array): unknown {
  try {
    return method.response.decode(bytes);
  } catch (thrown) {
    throw proxyErrors.badAnswer(`the answer to ${method.path} can't be read: ${tidy(String(thrown))}`, { cause: thrown });
  }
}
