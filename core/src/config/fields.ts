import { isIP, isIPv4 } from 'node:net';
import * as z from 'zod';
import { isPath, MOST_PATH_BYTES } from './is-path.ts';
import { durationUnits, readMeasure, sizeUnits, type Units } from './units.ts';

/**
 * The fields of settings beyond zod's own. Each takes text as a file has it, says in a sentence what it expects, is
 * bounded, and names its `kind` for the reference. Whole numbers are `count`, texts without a form `text`.
 */

/** An address range as `10.88.0.0/16` or `fd00:88::/64`. */
export function cidr(): z.ZodString {
  return z
    .string()
    .refine(isCidr, { error: (issue) => `expected a range such as 10.88.0.0/16 or fd00:88::/64, not ${quote(issue.input)}` })
    .meta({ kind: 'CIDR', maxLength: 43 });
}

/** An address of either family. */
export function ipAddress(): z.ZodString {
  return z
    .string()
    .refine(isAddress, { error: (issue) => `expected an IP address, not ${quote(issue.input)}` })
    .meta({ kind: 'IP address', maxLength: 39 });
}

/** A name that the kernel takes for a link: 1 to 15 bytes without slash, colon or space. */
export function ifname(): z.ZodString {
  return z
    .string()
    .refine((text) => Buffer.byteLength(text) <= 15 && /^[^\s/:\p{Cc}]+$/u.test(text) && text !== '.' && text !== '..', {
      error: (issue) => `expected a link name of at most 15 bytes without slash, colon or space, not ${quote(issue.input)}`,
    })
    .meta({ kind: 'link name', maxLength: 15 });
}

/** A MAC address as `0a:58:0a:58:00:05`; lower case in the result. */
export function mac(): z.ZodString {
  return z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, {
      error: (issue) => `expected a MAC address such as 0a:58:0a:58:00:05, not ${quote(issue.input)}`,
    })
    .toLowerCase()
    .meta({ kind: 'MAC address' });
}

/** A PCI address as `0000:3b:00.1`, its domain (0000) optional; lower case and with domain in the result, as sysfs names it. */
export function pciAddress(): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  return z
    .string()
    .transform((text, context) => {
      const [, domain = '0000', device] = /^(?:([0-9a-f]{4}|[1-9a-f][0-9a-f]{4,7}):)?([0-9a-f]{2}:[01][0-9a-f]\.[0-7])$/i.exec(text) ?? [];
      if (device !== undefined) return `${domain}:${device}`.toLowerCase();
      context.issues.push({ code: 'custom', input: text, message: `expected a PCI address such as 0000:3b:00.1, not ${quote(text)}` });
      return z.NEVER;
    })
    .meta({ kind: 'PCI address', maxLength: 16 });
}

/** An absolute path of at most 4095 bytes. */
export function path(): z.ZodString {
  return z
    .string()
    .refine(isPath, { error: (issue) => `expected an absolute path, not ${quote(issue.input)}` })
    .meta({ kind: 'absolute path', maxLength: MOST_PATH_BYTES });
}

/** A name of at most 76 characters as containerd has them: letters and digits, joined by single `.`, `_` or `-`. */
export function identifier(): z.ZodString {
  return z
    .string()
    .max(76)
    .regex(/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/, {
      error: (issue) => `expected letters and digits, joined by single dots, dashes or underscores, not ${quote(issue.input)}`,
    })
    .meta({ kind: 'identifier' });
}

/** Text on one line, of 1 to `max` characters (256 unless told). */
export function text({ max = 256 }: { readonly max?: number } = {}): z.ZodString {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((line) => !/\p{Cc}/u.test(line), { error: (issue) => `expected text on one line, not ${quote(issue.input)}` });
}

/** A whole number between two bounds, both included. */
export function count({ min = 0, max }: { readonly min?: number; readonly max: number }): z.ZodInt {
  return z.int().min(min).max(max);
}

/** Bounds of a duration or a size, both included, as text: `{ min: '1s', max: '1h' }`. */
export interface MeasureBounds {
  readonly min?: string;
  readonly max?: string;
}

/**
 * A duration as `"30s"`, `"1h30m"`, `"250ms"`; milliseconds in the result, and in a `default`. Units ms, s, m, h, d. At
 * most 24 days unless told: longer than that no timer waits.
 */
export function duration({ min = '0s', max = '24d' }: MeasureBounds = {}): MeasureField {
  return measureField(durationUnits, 'a duration such as "30s" or "1h30m"', { min, max });
}

/** A size as `"64MiB"`, `"1GB"`, `"512B"`; bytes in the result, and in a `default`. At most 8191TiB unless told. */
export function size({ min = '0B', max = '8191TiB' }: MeasureBounds = {}): MeasureField {
  return measureField(sizeUnits, 'a size such as "64MiB"', { min, max });
}

type MeasureField = z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>;

function measureField(units: Units, expected: string, { min, max }: Required<MeasureBounds>): MeasureField {
  const [least, most] = [min, max].map((bound) => readMeasure(bound, units));
  if (least === undefined || most === undefined || least > most) throw new RangeError(`no bounds: ${min} to ${max}`);
  const field = z.string().transform((written, context) => {
    const value = readMeasure(written, units);
    if (value !== undefined && value >= least && value <= most) return value;
    const wanted = value === undefined ? expected : value < least ? `at least ${min}` : `at most ${max}`;
    context.issues.push({ code: 'custom', input: written, message: `expected ${wanted}, not ${quote(written)}` });
    return z.NEVER;
  });
  // The unit lets a default, which is a number, be shown as the text that a file would have.
  return field.meta({ kind: units === durationUnits ? 'duration' : 'size', unit: units.base, atLeast: min, atMost: max, maxLength: 64 });
}

function isCidr(text: string): boolean {
  const [, address = '', prefix = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
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
