import { parse, TomlError } from 'smol-toml';
import type { JsonObject, JsonValue } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { nearest } from '../plugin/nearest.ts';
import type { ConfigFault, VariableOrigin } from './agent-config.ts';
import { wholeShape } from './config-shape.ts';
import { dotted, type KeyPath } from './key-path.ts';
import { isList, isTable, type Layer, mergeLayers, NOTHING } from './merge.ts';
import { DEEPEST, toJson } from './parse-file.ts';
import { keysAt, shapesAt } from './shape.ts';
import { PREFIX, upper, type Variable } from './variable.ts';

/** Keys that only a file can have: what they say is about the file. */
const OF_FILES = ['version', 'imports'];

/** What the environment says, and what of it can't be understood. */
export interface OverridesLayer {
  readonly layer: Layer;
  readonly faults: readonly ConfigFault[];
}

/**
 * What variables of the environment say, as one layer to be laid over all files.
 *
 * `HAWSER_CONFIG__` is followed by the key's path, its parts joined by `__`; each part is a key in upper case with `_`
 * for whatever is neither letter nor digit: `HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIDGE__MTU`. Where any key may
 * stand, as in labels, the part is taken as it is. The value is text where the key takes nothing but text; else it is
 * what it would be in TOML, and text where it is no TOML. A variable that names no key is a fault.
 */
export function environmentLayer(variables: readonly Variable[], plugins: readonly AnyPlugin[]): OverridesLayer {
  const shape = variables.length === 0 ? {} : wholeShape(plugins);
  const faults: ConfigFault[] = [];
  let layer = NOTHING;
  for (const variable of variables) {
    const found = pathOf(variable.name, shape);
    if ('path' in found)
      layer = mergeLayers(layer, oneValue(found.path, valueOf(variable.text, shapesAt(shape, found.path)), variable.name));
    else faults.push({ variable: variable.name, key: '', ...found });
  }
  return { layer, faults };
}

type Unknown = Pick<ConfigFault, 'message' | 'suggestion'>;

function pathOf(name: string, shape: JsonObject): { readonly path: readonly string[] } | Unknown {
  const parts = name.slice(PREFIX.length).split('__');
  const path: string[] = [];
  for (const [index, part] of parts.entries()) {
    const among = shapesAt(shape, path);
    const known = keysAt(shape, path).filter((key) => index > 0 || !OF_FILES.includes(key));
    const matching = known.filter((key) => upper(key) === upper(part));
    const [key = part] = matching;
    if (matching.length > 1)
      return { message: `could mean ${matching.map((one) => JSON.stringify(one)).join(' or ')}; write it in a file` };
    const free = among.some(({ additionalProperties: others }) => others === true || isTable(others));
    if (part === '' || (matching.length === 0 && !free)) return unknown(parts, index, path, known);
    path.push(key);
  }
  return { path };
}

function unknown(parts: readonly string[], index: number, path: KeyPath, known: readonly string[]): Unknown {
  const at = path.length === 0 ? '' : ` in ${dotted(path)}`;
  if (path.length === 0 && OF_FILES.map(upper).includes(upper(parts[0] ?? ''))) return { message: 'sets a key that only a file can have' };
  if (known.length === 0) return { message: `names no key: nothing is set one by one${at}` };
  const names = known.map(upper);
  const near = nearest(upper(parts[index] ?? ''), names);
  const message = `names no key${at}; known there: ${names.sort().join(', ')}`;
  return near === undefined ? { message } : { message, suggestion: PREFIX + parts.with(index, near).join('__') };
}

function valueOf(text: string, shapes: readonly JsonObject[]): JsonValue {
  const types = new Set(shapes.flatMap(typesOf));
  if (types.size === 1 && types.has('string')) return text;
  const value = asToml(text);
  const isWanted = value !== undefined && (types.size === 0 || [...types].some((type) => fits(value, type)));
  // What fits nothing is left to the schema, which says what it wants.
  return isWanted || (value !== undefined && !types.has('string')) ? value : text;
}

function typesOf(shape: JsonObject): readonly string[] {
  const { type, enum: values } = shape;
  if (typeof type === 'string') return [type];
  const options = isList(values) ? values : shape['const'] === undefined ? [] : [shape['const']];
  return options.map((one) => typeof one);
}

function fits(value: JsonValue, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return isList(value);
  if (type === 'object') return isTable(value);
  return typeof value === type;
}

/** A text as the value of a pair in TOML, or undefined where it is none. */
function asToml(text: string): JsonValue | undefined {
  try {
    const { value, ...others } = parse(`value = ${text}`, { unsafeKeyBehaviour: 'throw', maxDepth: DEEPEST, useLegacyDate: true });
    return value === undefined || Object.keys(others).length > 0 ? undefined : toJson(value, 1);
  } catch (thrown) {
    if (thrown instanceof TomlError || thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function oneValue(path: readonly string[], value: JsonValue, variable: string): Layer {
  const origins = new Map<string, VariableOrigin>();
  const table = path.reduceRight<JsonValue>((inner, key) => ({ [key]: inner }), value);
  addOrigins(origins, [], table, { variable });
  return { table: isTable(table) ? table : {}, origins };
}

function addOrigins(origins: Map<string, VariableOrigin>, path: KeyPath, value: JsonValue | undefined, origin: VariableOrigin): void {
  if (path.length > 0) origins.set(dotted(path), origin);
  if (isList(value)) for (const [index, element] of value.entries()) addOrigins(origins, [...path, index], element, origin);
  else if (isTable(value)) for (const [key, inner] of Object.entries(value)) addOrigins(origins, [...path, key], inner, origin);
}
