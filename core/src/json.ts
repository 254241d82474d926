/** A value that JSON can carry without loss. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object; an absent key and one that is undefined are the same. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Whether it is an object, as JSON has them: neither null nor a list. */
export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether it is an object of texts, e.g. labels. */
export function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}
