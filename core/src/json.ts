/** A value that JSON can carry without loss. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object; an absent key and one that is undefined are the same. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}
