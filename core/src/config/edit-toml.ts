import { isDeepStrictEqual } from 'node:util';
import { patch, TomlFormat } from '@decimalturn/toml-patch';
import { stringify } from 'smol-toml';
import type { JsonObject } from '../json.ts';
import { parseFile, unlocated } from './parse-file.ts';

/**
 * A document with another content: what differs is edited in place, so that comments, order and layout stay. The
 * result is read again; where it does not say what it must, the document is written anew, which loses them.
 */
export function editToml(text: string, before: JsonObject, after: JsonObject): { readonly text: string; readonly commentsKept: boolean } {
  if (isDeepStrictEqual(before, after)) return { text, commentsKept: true };
  const edited = edit(text, after);
  if (edited !== undefined && isDeepStrictEqual(read(edited), after)) return { text: edited, commentsKept: true };
  return { text: stringify(after), commentsKept: false };
}

/** Tables of plugins have a section of their own; what is inside them stays on a line. */
const SECTIONS = 2;

function edit(text: string, after: JsonObject): string | undefined {
  const format = TomlFormat.autoDetectFormat(text);
  format.trailingComma = false;
  format.inlineTableStart = SECTIONS;
  try {
    return patch(text, after, format);
  } catch {
    // It is made by people as well; what it can't edit is written anew.
    return undefined;
  }
}

function read(text: string): JsonObject | undefined {
  const parsed = parseFile('', new TextEncoder().encode(text), unlocated);
  return 'table' in parsed ? parsed.table : undefined;
}
