import { CniCode, CniError } from './cni-error.ts';

export const VERBS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;
export type Verb = (typeof VERBS)[number];

/** The CNI_* variables of a call; a later one of the same name wins. */
export type Environment = ReadonlyMap<string, string>;

/** What a verb needs in its environment; empty counts as missing. DEL does without a namespace. */
const REQUIRED: Readonly<Record<Verb, readonly string[]>> = {
  ADD: ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_COMMAND', 'CNI_PATH'],
  STATUS: ['CNI_COMMAND', 'CNI_PATH'],
  VERSION: ['CNI_COMMAND'],
};

const IDENTIFIER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Container ids and network names. */
export const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);

/** The specification bounds no container id; ours stand in keys of the store, beside what the attachment holds. Runtimes' have 64 bytes. */
const MOST_ID_BYTES = 512;

/** A name that the kernel takes for a link. */
const isInterfaceName = (text: string): boolean =>
  text !== '.' && text !== '..' && /^[^/:\s\p{Cc}]+$/u.test(text) && Buffer.byteLength(text) <= 15;

/** Where the caller's trace goes on, by the names of OpenTelemetry. */
const TRACE = new Set(['TRACEPARENT', 'TRACESTATE']);

/** Splits NUL-terminated `K=V` strings; whatever isn't a CNI_* variable, or says of which trace the call is a part, is dropped. */
export function decodeEnvironment(bytes: Uint8Array): Environment {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let decoded: string;
  try {
    decoded = text.decode(bytes);
  } catch (cause) {
    throw new CniError(CniCode.environment, 'a CNI_ environment variable is not valid UTF-8', { cause });
  }
  const entries = decoded.split('\0').map((entry) => [entry, entry.indexOf('=')] as const);
  return new Map(
    entries
      .filter(([entry, at]) => at > 0 && (entry.startsWith('CNI_') || TRACE.has(entry.slice(0, at))))
      .map(([entry, at]) => [entry.slice(0, at), entry.slice(at + 1)]),
  );
}

/**
 * The verb, with everything that it requires there; undefined for an unknown command, which is told only after the
 * config has been judged.
 */
export function requireEnvironment(environment: Environment): Verb | undefined {
  const command = environment.get('CNI_COMMAND') ?? '';
  const verb = VERBS.find((known) => known === command);
  const required = verb === undefined ? ['CNI_COMMAND'] : REQUIRED[verb];
  const missing = required.filter((name) => (environment.get(name) ?? '') === '');
  if (missing.length > 0) throw new CniError(CniCode.environment, `required environment variables are missing: ${missing.join(', ')}`);
  return verb;
}

export function unknownCommand(): CniError {
  return new CniError(CniCode.environment, `CNI_COMMAND is none of ${VERBS.join(', ')}`);
}

/** Throws for a container id or an interface name that can't be one. */
export function checkIdentity(environment: Environment): { readonly containerId: string; readonly ifname: string } {
  const containerId = environment.get('CNI_CONTAINERID') ?? '';
  const ifname = environment.get('CNI_IFNAME') ?? '';
  if (containerId.length > MOST_ID_BYTES)
    throw new CniError(
      CniCode.environment,
      `CNI_CONTAINERID has ${containerId.length} characters, more than the ${MOST_ID_BYTES} that it may have`,
    );
  const invalid = [...(isIdentifier(containerId) ? [] : ['CNI_CONTAINERID']), ...(isInterfaceName(ifname) ? [] : ['CNI_IFNAME'])];
  if (invalid.length === 0) return { containerId, ifname };
  throw new CniError(CniCode.environment, `invalid environment variables: ${invalid.join(', ')}`, {
    details:
      'A container id begins with a letter or digit and goes on with those, dots, dashes and underscores; an interface name has 1 to 15 bytes without slash, colon or white space.',
  });
}

/** What CNI_ARGS may tell; every part is optional, since several runtimes send none. */
export interface CniArgs {
  readonly ip?: string;
  readonly mac?: string;
  readonly podNamespace?: string;
  readonly podName?: string;
  readonly podUid?: string;
}

const KNOWN_ARGS: Readonly<Record<string, keyof CniArgs>> = {
  IP: 'ip',
  MAC: 'mac',
  K8S_POD_NAMESPACE: 'podNamespace',
  K8S_POD_NAME: 'podName',
  K8S_POD_UID: 'podUid',
};

/** Keys that runtimes send, which say nothing to us. */
const TOLERATED_ARGS = new Set(['IgnoreUnknown', 'K8S_POD_INFRA_CONTAINER_ID']);

/** Reads `K=V;K=V` in any order. An unknown key is an error unless `IgnoreUnknown` is true, as in the reference plugins. */
export function decodeArgs(text: string): CniArgs {
  const pairs = text
    .split(';')
    .filter((pair) => pair !== '')
    .map(splitPair);
  const ignoreUnknown = pairs.some(([key, value]) => key === 'IgnoreUnknown' && /^(1|t|true)$/i.test(value));
  const args: { -readonly [K in keyof CniArgs]: CniArgs[K] } = {};
  for (const [key, value] of pairs) {
    const known = Object.hasOwn(KNOWN_ARGS, key) ? KNOWN_ARGS[key] : undefined;
    if (known !== undefined && value !== '') args[known] = value;
    else if (known === undefined && !ignoreUnknown && !TOLERATED_ARGS.has(key))
      throw new CniError(CniCode.environment, 'CNI_ARGS has a key that is not known', { details: 'Remove it, or add IgnoreUnknown=1.' });
  }
  return args;
}

function splitPair(pair: string): readonly [key: string, value: string] {
  const at = pair.indexOf('=');
  if (at <= 0) throw new CniError(CniCode.environment, 'CNI_ARGS is not of the form K=V;K=V');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
