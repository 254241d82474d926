import { stringify } from 'smol-toml';
import type { JsonObject, JsonValue } from '../json.ts';
import { bareOrQuoted } from './key-path.ts';
import { isList, isTable } from './merge.ts';

/** A value as TOML has it on one line. Null and undefined, which TOML lacks, are left out of tables and lists. */
export function tomlValue(value: JsonValue): string {
  if (isList(value))
    return `[${value
      .filter((one) => one !== null)
      .map(tomlValue)
      .join(', ')}]`;
  if (isTable(value)) return inlineTable(value);
  return stringify({ value })
    .replace(/^value = /, '')
    .trimEnd();
}

function inlineTable(table: JsonObject): string {
  const pairs = Object.entries(table).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [`${bareOrQuoted(key)} = ${tomlValue(value)}`],
  );
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}
