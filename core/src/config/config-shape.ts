import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { uriOf } from '../plugin/uri.ts';
import { coreKeys } from './core-keys.ts';
import { TABLE_VERSION } from './migrate.ts';
import { propertiesOf, shapeOf } from './shape.ts';

const EMPTY: JsonObject = { type: 'object', properties: {}, additionalProperties: false };

/** What a plugin's table takes; of one whose settings have had other versions also the key that tells which. */
export function pluginShape({ config, configVersion = 1 }: AnyPlugin): JsonObject {
  const shape = config === undefined ? EMPTY : shapeOf(config);
  if (configVersion === 1) return shape;
  return { ...shape, properties: { [TABLE_VERSION]: versionShape(configVersion), ...propertiesOf(shape) } };
}

function versionShape(current: number): JsonObject {
  const description = `Version of this table; one that says none has version 1 and is migrated.`;
  return { type: 'integer', minimum: 1, maximum: current, default: current, description };
}

/** The core keys without the tables of plugins. */
export function coreShape(): JsonObject {
  const shape = shapeOf(coreKeys);
  const { plugins: _, ...properties } = propertiesOf(shape);
  return { ...shape, properties };
}

/** The whole config for these plugins. */
export function wholeShape(plugins: readonly AnyPlugin[]): JsonObject {
  const core = coreShape();
  const properties = Object.fromEntries(plugins.map((plugin) => [uriOf(plugin), pluginShape(plugin)]));
  return { ...core, properties: { ...propertiesOf(core), plugins: { type: 'object', properties, additionalProperties: false } } };
}

/** JSON Schema (draft 2020-12) of a config file for these plugins, for editors and other programs. */
export function configJsonSchema(plugins: readonly AnyPlugin[]): JsonObject {
  const core = coreShape();
  const properties = Object.fromEntries(plugins.map((plugin) => [uriOf(plugin), embedded(plugin)]));
  const tables = { type: 'object', description: 'Settings by plugin.', properties, additionalProperties: false };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of a Hawser agent',
    ...core,
    properties: { ...propertiesOf(core), plugins: tables },
  };
}

/** A plugin's shape inside the whole; one that refers to itself gets an `$id`, so that its references stay its own. */
function embedded(plugin: AnyPlugin): JsonObject {
  const shape = strict(pluginShape(plugin));
  const described = { title: uriOf(plugin), description: plugin.summary, ...shape };
  return JSON.stringify(shape).includes('"$ref"') ? { $id: `hawser:${uriOf(plugin)}`, ...described } : described;
}

/** Unknown keys are faults even where the schema would drop them. */
function strict(shape: JsonObject): JsonObject {
  return shape['type'] === 'object' && shape['additionalProperties'] === undefined ? { ...shape, additionalProperties: false } : shape;
}
