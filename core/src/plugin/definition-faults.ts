import type { AnyPlugin } from './definition.ts';
import { isRecord } from './manifest.ts';
import { nearest } from './nearest.ts';

type Judge = (value: unknown) => string | undefined;

const NO_TOKEN = 'is no token, such as defineToken makes';
const CARDINALITIES: ReadonlySet<unknown> = new Set(['one', 'optional', 'byId', 'all']);

const isText: Judge = (value) => (typeof value === 'string' && value !== '' ? undefined : 'is no text');
const isFunction: Judge = (value) => (typeof value === 'function' ? undefined : 'is no function');
const isDeadline: Judge = (value) => (typeof value === 'number' && value > 0 ? undefined : 'is no number of milliseconds');
const isToken: Judge = (value) => (isRecord(value) && isText(value['id']) === undefined ? undefined : NO_TOKEN);
const isSchema: Judge = (value) =>
  isRecord(value) && '_zod' in value && typeof value['safeParse'] === 'function' ? undefined : 'is no schema of zod 4';
const isTopics: Judge = (value) =>
  Array.isArray(value) && value.every((one) => isRecord(one) && isText(one['name']) === undefined && isSchema(one['schema']) === undefined)
    ? undefined
    : 'is no list of what defineTopic makes';

function isOneOf(...words: readonly string[]): Judge {
  return (value) => (words.some((word) => word === value) ? undefined : `is none of ${words.map((word) => `'${word}'`).join(', ')}`);
}

/** Every key that a definition may have, and what is wrong with a value of it. */
const KEYS: Readonly<Record<keyof AnyPlugin, Judge>> = {
  provides: isToken,
  id: isText,
  stability: isOneOf('stable', 'beta', 'alpha', 'deprecated'),
  summary: isText,
  version: isText,
  config: isSchema,
  configVersion: (value) => (Number.isInteger(value) ? undefined : 'is no integer'),
  configMigrations: (value) => (isRecord(value) ? undefined : 'is no table of functions by version'),
  enabled: isOneOf('always', 'configured'),
  requires: (value) =>
    isRecord(value) && !Array.isArray(value) ? undefined : 'is no table of tokens by the names that start gets them under',
  errors: (value) => (isRecord(value) ? undefined : 'is nothing that defineErrors makes'),
  topics: isTopics,
  startDeadlineMs: isDeadline,
  stopDeadlineMs: isDeadline,
  examine: isFunction,
  start: isFunction,
};
const NEEDED: ReadonlySet<string> = new Set<keyof AnyPlugin>(['provides', 'id', 'summary', 'start']);

/**
 * What keeps a value from being a plugin's definition, as clauses with the key at fault; none where it is one as far as can be seen
 * from without. The compiler says the same to who asks it, but nobody has to: Node.js runs TypeScript without looking at its types.
 */
export function definitionFaults(value: unknown): readonly string[] {
  if (!isRecord(value)) return [`it is ${kindOf(value)}`];
  return [
    ...Object.entries(KEYS).flatMap(([key, judge]) => keyFault(key, judge, value[key])),
    ...requirementFaults(value['requires']),
    ...Object.keys(value).flatMap(misspelt),
  ];
}

function keyFault(key: string, judge: Judge, value: unknown): readonly string[] {
  if (value === undefined) return NEEDED.has(key) ? [`'${key}' is missing`] : [];
  const fault = judge(value);
  return fault === undefined ? [] : [`'${key}' ${fault}`];
}

function requirementFaults(requires: unknown): readonly string[] {
  if (!isRecord(requires) || Array.isArray(requires)) return [];
  return Object.entries(requires).flatMap(([name, wanted]) => {
    if (wanted === undefined) return [`'requires.${name}' is undefined: nothing of the name that it was to be is exported`];
    return isRecord(wanted) && CARDINALITIES.has(wanted['cardinality']) && isText(wanted['id']) === undefined
      ? []
      : [`'requires.${name}' ${NO_TOKEN}`];
  });
}

/** Keys of others' are left alone, but for those that were meant to be ours. */
function misspelt(key: string): readonly string[] {
  if (Object.hasOwn(KEYS, key)) return [];
  const near = nearest(key, Object.keys(KEYS));
  return near === undefined ? [] : [`'${key}' is no key of a definition; did you mean '${near}'?`];
}

/** What a value is instead, with its article. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
