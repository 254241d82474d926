/** Keys whose values never reach a log, at the top and one and two levels down. */
const SECRETS: ReadonlySet<string> = new Set([
  'password',
  'secret',
  'token',
  'authorization',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
  'privateKey',
]);

const CENSORED = '[redacted]';
const LEVELS = 3;

/** The same without secrets; the very same object where it holds none. Only plain objects are looked into. */
export function redact(fields: Readonly<Record<string, unknown>>, levels = LEVELS): Record<string, unknown> {
  let censored: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(fields)) {
    const kept = SECRETS.has(key) ? CENSORED : levels > 1 && isPlain(value) ? redact(value, levels - 1) : value;
    if (kept !== value) (censored ??= { ...fields })[key] = kept;
  }
  return censored ?? fields;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
