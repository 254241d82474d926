/** How keys end whose values never reach a log, however they are written: `sessionToken`, `session_token`, `Session-Token`. */
const SECRET = /(?:password|passphrase|secret|token|authorization|accesskey|accesskeyid|apikey|privatekey)$/;

const CENSORED = '[redacted]';
/** The top, and one and two levels down. */
const LEVELS = 3;
/** Keys are few; each is looked at once. */
const KNOWN_KEYS = 1_000;
const known = new Map<string, boolean>();

/** The same without secrets; the very same object where it holds none. Only plain objects and lists are looked into. */
export function redact(fields: Readonly<Record<string, unknown>>, levels = LEVELS): Record<string, unknown> {
  let censored: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(fields)) {
    const kept = isSecret(key) ? CENSORED : inside(value, levels - 1);
    if (kept !== value) (censored ??= { ...fields })[key] = kept;
  }
  return censored ?? fields;
}

function inside(value: unknown, levels: number): unknown {
  if (levels === 0 || typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return isPlain(value) ? redact(value, levels) : value;
  const items: readonly unknown[] = value;
  const kept = items.map((item) => inside(item, levels));
  return kept.every((item, index) => item === items[index]) ? value : kept;
}

function isSecret(key: string): boolean {
  const before = known.get(key);
  if (before !== undefined) return before;
  const verdict = SECRET.test(key.toLowerCase().replace(/[^a-z0-9]/g, ''));
  if (known.size < KNOWN_KEYS) known.set(key, verdict);
  return verdict;
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
