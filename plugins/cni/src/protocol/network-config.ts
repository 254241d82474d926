import type { JsonObject, JsonValue } from '@hawser/core';
import * as z from 'zod';
import { CniCode, CniError } from './cni-error.ts';
import { isIdentifier } from './environment.ts';
import { type CniVersion, chooseVersion } from './versions.ts';

/** Keys that belong to the protocol or to this package; the others are the mode's settings. */
const PROTOCOL_KEYS = new Set([
  'cniVersion',
  'cniVersions',
  'name',
  'type',
  'plugins',
  'capabilities',
  'runtimeConfig',
  'args',
  'prevResult',
  'disableCheck',
  'disableGC',
  'loadOnlyInlinedPlugins',
  'cni.dev/valid-attachments',
  'cni.dev/attachments',
  'mode',
  'socket',
  'tombstones',
]);

/** Deeper nesting than any config has; what is stored later on is walked by recursion. */
const MAX_DEPTH = 64;

/** What every verb needs of a network config, and the config itself for what only some need. */
export interface NetworkConfig {
  readonly version: CniVersion;
  readonly name: string;
  readonly raw: JsonObject;
}

const Base = z.looseObject({ cniVersion: z.string().nullish(), name: z.string().nullish(), type: z.string().nullish() });

/** JSON text of an object. Never says what it found: the parser's own message quotes the input. */
export function parseConfig(input: Uint8Array): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(input)) as JsonValue;
  } catch {
    throw new CniError(
      CniCode.decoding,
      input.length === 0 ? 'there is no network config on standard input' : 'the network config on standard input is not valid JSON',
    );
  }
  if (!isObject(value)) throw new CniError(CniCode.decoding, 'the network config on standard input is not a JSON object');
  if (isDeeperThan(value, MAX_DEPTH)) throw new CniError(CniCode.decoding, `the network config is nested deeper than ${MAX_DEPTH} levels`);
  return value;
}

/** Reads what every verb but VERSION needs. The version is judged last: a bad config is told first. */
export function decodeNetworkConfig(input: Uint8Array): Omit<NetworkConfig, 'version'> & { readonly cniVersion: string } {
  const raw = parseConfig(input);
  const base = parseWith(Base, raw, CniCode.decoding, 'the network config');
  const name = base.name ?? '';
  if (name === '') throw new CniError(CniCode.config, 'the network config has no name');
  if (!isIdentifier(name))
    throw new CniError(CniCode.config, 'the name of the network config is invalid', {
      details: 'It begins with a letter or digit and goes on with those, dots, dashes and underscores.',
    });
  return { cniVersion: base.cniVersion ?? '', name, raw };
}

/** The config's version as far as it can be told, for the answer to a call that failed. */
export function peekVersion(input: Uint8Array): CniVersion | undefined {
  try {
    const version = parseConfig(input)['cniVersion'];
    return chooseVersion(typeof version === 'string' ? version : '');
  } catch {
    return undefined;
  }
}

/** The keys that are neither the protocol's nor this package's. */
export function modeSettings(raw: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(raw).filter(([key]) => !PROTOCOL_KEYS.has(key) && !key.startsWith('cni.dev/')));
}

/** Validates a part of the input; what is wrong is told by our own words and our own keys. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, code: CniCode, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `${renderPath(issue.path)}${issue.code === 'invalid_type' ? `expected ${issue.expected}` : 'invalid value'}`,
  );
  throw new CniError(code, `${what} is invalid: ${[...new Set(faults)].slice(0, 5).join('; ')}`);
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas here have fixed keys, so that a path holds nothing of the input but positions. */
function renderPath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : `${path.map((part) => String(part)).join('.')}: `;
}

function isDeeperThan(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner: JsonValue | undefined) => isDeeperThan(inner, levels - 1));
}
