import { isIP, isIPv4 } from 'node:net';
import * as z from 'zod';

/** An address range as `10.88.0.0/16` or `fd00:88::/64`. */
export function cidr(): z.ZodString {
  return z
    .string()
    .refine(isCidr, { error: (issue) => `expected a range such as 10.88.0.0/16 or fd00:88::/64, not ${quote(issue.input)}` });
}

/** An address of either family. */
export function ipAddress(): z.ZodString {
  return z.string().refine(isAddress, { error: (issue) => `expected an IP address, not ${quote(issue.input)}` });
}

/** A name that the kernel takes for a link: 1 to 15 bytes without slash, colon or space. */
export function ifname(): z.ZodString {
  return z.string().refine((text) => /^[^\s/:\p{Cc}]+$/u.test(text) && Buffer.byteLength(text) <= 15 && text !== '.' && text !== '..', {
    error: (issue) => `expected a link name of at most 15 bytes without slash, colon or space, not ${quote(issue.input)}`,
  });
}

/** A MAC address as `0a:58:0a:58:00:05`; lower case in the result. */
export function mac(): z.ZodString {
  return z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, {
      error: (issue) => `expected a MAC address such as 0a:58:0a:58:00:05, not ${quote(issue.input)}`,
    })
    .toLowerCase();
}

/** An absolute path. */
export function path(): z.ZodString {
  return z.string().regex(/^\/[^\0]*$/, { error: (issue) => `expected an absolute path, not ${quote(issue.input)}` });
}

/** A name of at most 76 characters as containerd has them: letters and digits, joined by single `.`, `_` or `-`. */
export function identifier(): z.ZodString {
  return z
    .string()
    .max(76)
    .regex(/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/, {
      error: (issue) => `expected letters and digits, joined by single dots, dashes or underscores, not ${quote(issue.input)}`,
    });
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A duration as `"30s"`, `"1h30m"`, `"250ms"`; milliseconds in the result. Units ms, s, m, h, d. Its default is text too: `duration().prefault('30s')`. */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const value = measure(text, DURATION_UNITS);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: `expected a duration such as "30s" or "1h30m", not ${quote(text)}` });
    return z.NEVER;
  });
}

/** A size as `"64MiB"`, `"1GB"`, `"512B"`; bytes in the result. Its default is text too: `size().prefault('64MiB')`. */
export function size(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const value = measure(text, SIZE_UNITS);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: `expected a size such as "64MiB", not ${quote(text)}` });
    return z.NEVER;
  });
}

/** The sum of `<number><unit>` parts, or undefined where the text is anything else or too large to be exact. */
function measure(text: string, units: Readonly<Record<string, number>>): number | undefined {
  if (text.length > 64 || !/^(\d+(\.\d+)?[A-Za-z]+)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([A-Za-z]+)/g)) {
    const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor === undefined) return undefined;
    total += Number(amount) * factor;
  }
  const rounded = Math.round(total);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

function isCidr(text: string): boolean {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  return isAddress(address) && Number(prefix) <= (isIPv4(address) ? 32 : 128);
}

/** An address without a zone, which would only mean something on one machine. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

function quote(input: unknown): string {
  const text = typeof input === 'string' ? JSON.stringify(input) : String(input);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
