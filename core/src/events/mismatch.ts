import type { JsonObject } from '../json.ts';
import type { Topic } from '../plugin/topic.ts';

/** What is wrong with an event's data by what its topic declares; undefined: nothing. */
export function mismatch({ schema }: Topic, data: JsonObject): string | undefined {
  const { success, error } = schema.safeParse(data);
  if (success) return undefined;
  return error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
}
