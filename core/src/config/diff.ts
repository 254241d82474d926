import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { uriOf } from '../plugin/uri.ts';
import type { AgentConfig } from './agent-config.ts';
import { effectiveCore, effectivePlugin } from './effective.ts';
import { coreShape, pluginShape } from './config-shape.ts';
import { dotted, type KeyPath, readDotted } from './key-path.ts';
import { masked, secretsIn } from './masked.ts';
import { isList, isTable } from './merge.ts';
import { shapesAt } from './shape.ts';

/** What has become different between two configs of one agent, in what is in force, not in how it is written. */
export interface ConfigDiff {
  /**
   * Core keys with another value. `imports` and `version` are none: only what the files say together counts.
   * The order of `required`, `disabled` and `packages` means nothing.
   */
  readonly core: readonly KeyChange[];
  /** Plugins concerned, in the order of the later config; those that go stand last. None: nothing is to be done. */
  readonly plugins: readonly PluginChange[];
}

/** One key whose value is another one. */
export interface KeyChange {
  /** Dotted, relative to its table: `routes`, `labels."a.b"`. A list is one value. */
  readonly key: string;
  /** As a file would have it, defaults filled in; absent where the key had no value, and of secrets. */
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** What becomes of one plugin. */
export interface PluginChange {
  readonly uri: string;
  /** `added`: takes part only later. `removed`: only before. `changed`: takes part in both, with other settings. */
  readonly change: 'added' | 'removed' | 'changed';
  /** What has changed; empty for one that comes or goes. */
  readonly keys: readonly KeyChange[];
}

/**
 * The difference that a reload acts on. Pure. A plugin has changed when the settings that it would be started with are
 * others: `"60s"` in place of `"1m"`, or a default that is written out, is no change. Settings that a schema turns
 * into functions never compare equal.
 */
export function diffConfigs(before: AgentConfig, after: AgentConfig): ConfigDiff {
  const [old, now] = [takingPart(before), takingPart(after)];
  const later = [...now].flatMap(([uri, plugin]): readonly PluginChange[] => {
    if (!old.has(uri)) return [{ uri, change: 'added', keys: [] }];
    if (isDeepStrictEqual(before.plugins.settings.get(uri), after.plugins.settings.get(uri))) return [];
    const shape = pluginShape(plugin);
    const written = changedKeys(effectivePlugin(before, plugin) ?? {}, effectivePlugin(after, plugin) ?? {}).map((key) =>
      shown(shape, key),
    );
    // What a file or a variable holds that is only referred to is a setting all the same.
    return [
      {
        uri,
        change: 'changed',
        keys: written.length > 0 ? written : settingsChanged(before.plugins.settings.get(uri), after.plugins.settings.get(uri)),
      },
    ];
  });
  const gone = [...old.keys()].filter((uri) => !now.has(uri)).map((uri): PluginChange => ({ uri, change: 'removed', keys: [] }));
  const core = changedKeys(comparable(before), comparable(after)).map((key) => shown(coreShape(), key));
  return { core, plugins: [...later, ...gone] };
}

/** The same without secrets. */
function shown(shape: JsonObject, { key, ...values }: KeyChange): KeyChange {
  const path = readDotted(key) ?? [];
  if (secretsIn(shape)(path)) return { key };
  const mask = (value: JsonValue): JsonValue => shapesAt(shape, path).reduce<JsonValue>((held, one) => masked(one, held), value);
  const { before, after } = values;
  return { key, ...(before === undefined ? {} : { before: mask(before) }), ...(after === undefined ? {} : { after: mask(after) }) };
}

/** Top-level keys of settings that differ. */
function settingsChanged(before: unknown, after: unknown): readonly KeyChange[] {
  const [old, now] = [before, after].map((settings) => new Map(Object.entries(settings ?? {})));
  return [...(now ?? [])].flatMap(([key, value]) => (isDeepStrictEqual(value, old?.get(key)) ? [] : [{ key: dotted([key]) }]));
}

function takingPart({ allPlugins, plugins }: AgentConfig): ReadonlyMap<string, AnyPlugin> {
  const on = allPlugins.filter((plugin) => {
    const uri = uriOf(plugin);
    return !plugins.disabled.has(uri) && (plugin.enabled !== 'configured' || plugins.configured.has(uri));
  });
  return new Map(on.map((plugin) => [uriOf(plugin), plugin]));
}

/** The core keys as far as they mean something by themselves, sets in one order. */
function comparable(config: AgentConfig): JsonObject {
  const { version: _, imports: __, unset: ___, ...core } = effectiveCore(config);
  return Object.fromEntries(
    Object.entries(core).map(([key, value]) => [
      key,
      isList(value) && value.every((one) => typeof one === 'string') ? value.toSorted() : value,
    ]),
  );
}

function changedKeys(before: JsonObject, after: JsonObject, at: KeyPath = []): readonly KeyChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key): readonly KeyChange[] => {
    const [old, now] = [before, after].map((table) => (Object.hasOwn(table, key) ? table[key] : undefined));
    if (isDeepStrictEqual(old, now)) return [];
    const path = [...at, key];
    if (isTable(old) && isTable(now)) return changedKeys(old, now, path);
    return [{ key: dotted(path), ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) }];
  });
}
