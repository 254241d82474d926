import { parse, TomlDate, TomlError, type TomlValueWithoutBigInt } from 'smol-toml';
import type { JsonObject, JsonValue } from '../json.ts';
import type { ConfigFault, Origin } from './agent-config.ts';
import type { Layer } from './merge.ts';
import { MOST_BYTES } from './read-bytes.ts';

/** A config is written by people; what is nested deeper than this is something else. */
export const DEEPEST = 32;

/** Dotted key path → line, of a document's text. Who needs no origins has `unlocated`. */
export type Locate = (text: string) => ReadonlyMap<string, number>;

/** Finds no line. */
export const unlocated: Locate = () => new Map();

/** What a file says, and its text. */
export interface ParsedFile extends Layer {
  readonly text: string;
}

/** One file's bytes as a layer, or the fault that makes it none. */
export function parseFile(file: string, bytes: Uint8Array, locate: Locate): ParsedFile | ConfigFault {
  if (bytes.byteLength > MOST_BYTES) return { file, key: '', message: `is larger than ${MOST_BYTES / 2 ** 20} MiB, which no config is` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { file, line: lineOfGarbage(bytes), key: '', message: 'is not UTF-8 text' };
  }
  try {
    const table = toTable(parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: DEEPEST, useLegacyDate: true }), 0);
    const origins = new Map<string, Origin>([...locate(text)].map(([key, line]) => [key, { file, line }]));
    return { table, origins, text };
  } catch (thrown) {
    return { file, ...syntaxFault(thrown), key: '' };
  }
}

/** The line of the first byte that is no text. */
function lineOfGarbage(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let line = 1;
  let offset = 0;
  for (const part of text.split('\n')) {
    const length = Buffer.byteLength(part);
    if (part.includes('\uFFFD') && !Buffer.from(part).equals(bytes.subarray(offset, offset + length))) return line;
    offset += length + 1;
    line += 1;
  }
  return 1;
}

function syntaxFault(thrown: unknown): { message: string; line?: number } {
  if (thrown instanceof TomlError) {
    const [first = ''] = thrown.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { message: `is not valid TOML: ${first} (column ${thrown.column})`, line: thrown.line };
  }
  // A stack overflow is how a parser says that tables are nested thousands deep.
  if (thrown instanceof RangeError) return { message: `nests tables more than ${DEEPEST} deep` };
  throw thrown;
}

type ParsedTable = { readonly [key: string]: TomlValueWithoutBigInt };

function toTable(table: ParsedTable, depth: number): JsonObject {
  if (depth > DEEPEST) throw new RangeError('too deep');
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, toJson(value, depth + 1)]));
}

/** Dates become text: no setting takes one, and a schema then says what it wants instead. */
export function toJson(value: TomlValueWithoutBigInt, depth: number): JsonValue {
  if (depth > DEEPEST) throw new RangeError('too deep');
  if (Array.isArray(value)) return value.map((element) => toJson(element, depth + 1));
  if (value instanceof TomlDate) return value.toISOString();
  if (typeof value !== 'object') return value;
  return isPlain(value) ? toTable(value, depth) : String(value);
}

function isPlain(value: object): value is ParsedTable {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
