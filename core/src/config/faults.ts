import type * as z from 'zod';
import type { HawserError } from '../errors/index.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { nearest } from '../plugin/nearest.ts';
import type { ConfigFault, Origin } from './agent-config.ts';
import { configErrors } from './errors.ts';
import { dotted, type KeyPath } from './key-path.ts';
import { secretsIn } from './masked.ts';
import { isList, isTable, type Layer, valueAt } from './merge.ts';
import { secretFault } from './secret.ts';
import { keysAt, shapeOf, unknownKeys } from './shape.ts';

/** What a fault is without its place. */
export interface PlainFault {
  readonly path: KeyPath;
  readonly message: string;
  readonly suggestion?: string;
}

/** Looking for what each unknown key could have been meant to be takes its time, and nobody reads more. */
const MOST_UNKNOWN = 1_000;
/** Faults that are told; of more only how many there are. */
const MOST_TOLD = 100;

/** All faults of a table against its schema, at paths below `at`, and its settings where it has none. */
export function checkTable(
  schema: z.ZodType,
  table: JsonObject,
  at: KeyPath,
): { readonly faults: readonly PlainFault[]; readonly settings: unknown } {
  const parsed = schema.safeParse(table);
  // Reading the shape off the schema costs more than all the rest, and is only needed to tell what is wrong.
  if (parsed.success && keepsKeys(table, parsed.data)) return { faults: [], settings: parsed.data };
  const shape = shapeOf(schema);
  const unknown = new Map(unknownKeys(shape, table).map((path) => [dotted(path), path]));
  const issues = parsed.success ? [] : parsed.error.issues.flatMap(flatten);
  for (const path of issues.flatMap(unrecognized)) unknown.set(dotted(path), path);
  const isSecret = secretsIn(shape);
  const others = issues.filter(({ code }) => code !== 'unrecognized_keys').map((issue) => issueFault(issue, { table, isSecret, at }));
  const named = [...unknown.values()].slice(0, MOST_UNKNOWN).map((path) => unknownFault(shape, path, at));
  return { faults: [...named, ...others], settings: parsed.data };
}

/**
 * Whether every key of a table is still there in what a schema made of it: schemas that are not strict drop those that
 * they don't know. Where a schema made something else of a table there is no telling.
 */
function keepsKeys(table: JsonObject, made: unknown): boolean {
  if (typeof made !== 'object' || made === null) return false;
  const entries = new Map<string, unknown>(Object.entries(made));
  return Object.entries(table).every(([key, value]) => entries.has(key) && keepsValue(value, entries.get(key)));
}

function keepsValue(value: JsonValue | undefined, made: unknown): boolean {
  if (isTable(value)) return keepsKeys(value, made);
  if (!isList(value)) return true;
  return Array.isArray(made) && made.length === value.length && value.every((element, index) => keepsValue(element, made[index]));
}

function unrecognized(issue: Issue): readonly KeyPath[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...plainPath(issue.path), key]) : [];
}

function plainPath(path: readonly PropertyKey[]): KeyPath {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

function unknownFault(shape: JsonObject, path: KeyPath, at: KeyPath): PlainFault {
  const known = keysAt(shape, path.slice(0, -1));
  const near = nearest(String(path.at(-1)), known);
  const message = known.length === 0 ? 'is unknown; nothing is set here' : `is unknown; known here: ${[...known].sort().join(', ')}`;
  return { path: [...at, ...path], message, ...(near === undefined ? {} : { suggestion: near }) };
}

type Issue = z.core.$ZodIssue;

/** Where none of several alternatives fits, the faults of the one that fits best: the one whose faults lie deepest. */
function flatten(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
  const deepest = Math.max(...issue.errors.map(depth));
  if (deepest === 0) return [{ ...issue, message: either(issue.errors.flat().map((inner) => messageOf(inner))) }];
  const best = issue.errors.find((branch) => depth(branch) === deepest) ?? [];
  return best.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** `expected a string or a table` from what each alternative expected. */
function either(messages: readonly string[]): string {
  const [first = '', ...others] = new Set(messages);
  return [first, ...others.map((message) => message.replace(/^expected /, ''))].join(' or ');
}

interface Checked {
  readonly table: JsonObject;
  readonly isSecret: (path: KeyPath) => boolean;
  readonly at: KeyPath;
}

function issueFault(issue: Issue, { table, isSecret, at }: Checked): PlainFault {
  const path = plainPath(issue.path);
  if (isSecret(path) && valueAt(table, path) !== undefined) return { path: [...at, ...path], message: secretFault(issue) };
  const value = valueAt(table, path);
  const message = value === undefined && issue.code === 'invalid_type' ? `is missing: ${messageOf(issue)}` : messageOf(issue, value);
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const near = typeof value === 'string' ? nearest(value, options) : undefined;
  return { path: [...at, ...path], message, ...(near === undefined ? {} : { suggestion: near }) };
}

function messageOf(issue: Issue, value?: JsonValue): string {
  const got = value === undefined ? '' : `, not ${brief(value)}`;
  if (issue.code === 'invalid_type') return `expected ${article(issue.expected)}${got}`;
  if (issue.code === 'invalid_value') return `expected ${issue.values.map((one) => JSON.stringify(one)).join(' or ')}${got}`;
  if (issue.code === 'invalid_union') return `${issue.message}${got}`;
  const text = issue.message.replace(/^Invalid input: /, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = { object: 'a table', record: 'a table', array: 'a list', int: 'an integer' };
  return Object.hasOwn(names, type) ? (names[type] ?? type) : `a ${type}`;
}

function brief(value: JsonValue): string {
  if (isList(value)) return 'a list';
  if (isTable(value)) return 'a table';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** Where a path, or else what stands above it, is written. */
function originOf(path: KeyPath, origins: ReadonlyMap<string, Origin>): Origin | undefined {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(dotted(path.slice(0, length)));
    if (origin !== undefined) return origin;
  }
  return undefined;
}

/** Gives a fault its place; one whose key is written nowhere belongs to the main file. */
export function placed(fault: PlainFault, { origins }: Layer, main: string | undefined): ConfigFault {
  const origin = originOf(fault.path, origins) ?? (main === undefined ? {} : { file: main });
  const { message, suggestion } = fault;
  return { ...origin, key: dotted(fault.path), message, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** `conf.toml:3: mtu is unknown … Did you mean "mtu"?` */
function renderFault({ file, line, variable, key, message, suggestion }: ConfigFault): string {
  const stands = variable ?? (file === undefined || line === undefined ? file : `${file}:${line}`);
  const place = stands === undefined ? '' : `${stands}: `;
  return `${place}${key === '' ? '' : `${key} `}${message}${suggestion === undefined ? '' : `; did you mean ${JSON.stringify(suggestion)}?`}`;
}

/** All faults as one error; of very many the first. */
export function invalidConfig(faults: readonly ConfigFault[]): HawserError {
  const told = faults.slice(0, MOST_TOLD);
  const rest = faults.length === told.length ? '' : `\n  and ${faults.length - told.length} more`;
  const [first] = faults;
  const message =
    faults.length === 1 && first !== undefined
      ? `the configuration is invalid: ${renderFault(first)}`
      : `the configuration has ${faults.length} faults:${told.map((fault) => `\n  ${renderFault(fault)}`).join('')}${rest}`;
  return configErrors.invalid(message, { details: { faults: told.map((fault) => ({ ...fault })) } });
}
