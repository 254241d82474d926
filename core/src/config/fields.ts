import { isIP, isIPv4 } from 'node:net';
import * as z from 'zod';
import { isPath } from './is-path.ts';
import { durationUnits, readMeasure, sizeUnits, type Units } from './units.ts';

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
  return z.string().refine(isPath, { error: (issue) => `expected an absolute path, not ${quote(issue.input)}` });
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

/** A duration as `"30s"`, `"1h30m"`, `"250ms"`; milliseconds in the result, and in a `default`. Units ms, s, m, h, d. */
export function duration(): MeasureField {
  return measureField(durationUnits, 'a duration such as "30s" or "1h30m"');
}

/** A size as `"64MiB"`, `"1GB"`, `"512B"`; bytes in the result, and in a `default`. */
export function size(): MeasureField {
  return measureField(sizeUnits, 'a size such as "64MiB"');
}

type MeasureField = z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>;

function measureField(units: Units, expected: string): MeasureField {
  const field = z.string().transform((text, context) => {
    const value = readMeasure(text, units);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: `expected ${expected}, not ${quote(text)}` });
    return z.NEVER;
  });
  // Lets a default, which is a number, be shown as the text that a file would have.
  return field.meta({ unit: units.base });
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
