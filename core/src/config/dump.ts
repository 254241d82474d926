import type { JsonObject, JsonValue } from '../json.ts';
import { uriOf } from '../plugin/uri.ts';
import type { AgentConfig, Origin } from './agent-config.ts';
import { coreShape, pluginShape } from './config-shape.ts';
import { effectiveCore, effectivePlugin } from './effective.ts';
import { bareOrQuoted, dotted, type KeyPath } from './key-path.ts';
import { maskedTable } from './masked.ts';
import { isTable } from './merge.ts';
import { tomlValue } from './toml-value.ts';

/**
 * The effective config: as TOML with each value's origin as a comment, and as JSON
 * `{config, origins: {"<key path>": {file, line} | "default"}, files}`. The TOML can be loaded again, and
 * then means the same, but for secrets, which are `***`.
 */
export function dumpConfig(config: AgentConfig): { readonly toml: string; readonly json: JsonObject } {
  const effective = shownTable(config);
  return {
    toml: `${sections(effective, [], config.origins).join('\n').trim()}\n`,
    json: { config: effective, origins: allOrigins(effective, config.origins), files: config.files },
  };
}

/** What is in force, secrets masked. Plugins that are off, or take nothing and have no table, have none. */
function shownTable(config: AgentConfig): JsonObject {
  const given = config.table['plugins'];
  const plugins = config.allPlugins.flatMap((plugin) => {
    const uri = uriOf(plugin);
    const filled = effectivePlugin(config, plugin);
    const written = isTable(given) && Object.hasOwn(given, uri);
    return filled === undefined || (!written && Object.keys(filled).length === 0)
      ? []
      : [[uri, maskedTable(pluginShape(plugin), filled)] as const];
  });
  return { ...maskedTable(coreShape(), effectiveCore(config)), plugins: Object.fromEntries(plugins) };
}

/** A table's own keys, then each table inside it under a heading of its own, so that every value has its line. */
function sections(table: JsonObject, at: KeyPath, origins: ReadonlyMap<string, Origin>): readonly string[] {
  const [own, inner] = [false, true].map((isInner) => Object.entries(table).filter(([, value]) => hasKeys(value) === isInner));
  const lines = (own ?? []).flatMap(([key, value]) => {
    if (value === undefined || value === null) return [];
    return [`${bareOrQuoted(key)} = ${tomlValue(value)} # ${describe(ownOrigin([...at, key], origins))}`];
  });
  const heading = at.length === 0 || lines.length === 0 ? [] : ['', `[${dotted(at)}]`];
  return [...heading, ...lines, ...(inner ?? []).flatMap(([key, value]) => (isTable(value) ? sections(value, [...at, key], origins) : []))];
}

const hasKeys = (value: JsonValue | undefined): boolean => isTable(value) && Object.keys(value).length > 0;

/** Where a value was written. A table that stands in a file does not make its defaults stand there. */
function ownOrigin(path: KeyPath, origins: ReadonlyMap<string, Origin>): Origin | undefined {
  return ['imports', 'unset'].includes(dotted(path)) ? undefined : origins.get(dotted(path));
}

function describe(origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  return printable('variable' in origin ? origin.variable : `${origin.file}:${origin.line}`);
}

const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

function allOrigins(table: JsonObject, origins: ReadonlyMap<string, Origin>, at: KeyPath = []): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, value]): (readonly [string, JsonValue])[] => {
      const path = [...at, key];
      if (isTable(value) && Object.keys(value).length > 0) return Object.entries(allOrigins(value, origins, path));
      const origin = ownOrigin(path, origins);
      return [[dotted(path), origin === undefined ? 'default' : { ...origin }]];
    }),
  );
}
