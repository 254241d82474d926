import { createHmac } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { inspect } from 'node:util';
import * as z from 'zod';
import { systemRandom } from '../context/index.ts';
import { isFileError } from './is-file-error.ts';
import { isPath, MOST_PATH_BYTES } from './is-path.ts';

/** What stands for a secret wherever it is shown. */
export const MASK = '***';

/** Bytes of the longest secret: certificates with their chains are shorter. */
const MOST_BYTES = 64 * 1024;

/** Fingerprints tell two secrets apart and nothing more: no other process can make them. Drawn for the first one. */
let fingerprintKey: Uint8Array | undefined;

/** A value that is shown nowhere: as text, as JSON and in a log it is `***`. Two with one value are deeply equal. */
export class Secret {
  readonly fingerprint: string;
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    this.fingerprint = createHmac('sha256', (fingerprintKey ??= systemRandom.bytes(32)))
      .update(value)
      .digest('base64url')
      .slice(0, 16);
  }

  /** The value itself, for whoever needs it for its purpose. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** Marks messages that hold nothing of a secret. */
const TOLD = 'holdsNoSecret';

/** How a secret stands in a config. */
type WrittenSecret = string | { readonly file: string } | { readonly env: string };

const reference = [
  z.strictObject({
    file: z
      .string()
      .refine(isPath, { error: 'expected an absolute path', params: { [TOLD]: true } })
      .meta({ kind: 'absolute path', maxLength: MOST_PATH_BYTES })
      .describe('File that holds it; a newline at its end is not part of it'),
  }),
  z.strictObject({
    env: z
      .string()
      .refine((name) => /^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name), { error: 'expected the name of a variable', params: { [TOLD]: true } })
      .meta({ maxLength: 256 })
      .describe('Variable of the agent’s environment that holds it'),
  }),
] as const;

/**
 * A setting that is shown nowhere: text, `{ file = "/run/secrets/token" }`, or `{ env = "TOKEN" }`. The file is read whenever the config
 * is, so that a reload takes up another one. `form`: what its text must be; text of 1 to 64 KiB unless told. Messages of `form` are not
 * shown, for they may quote it.
 */
export function secret(form: z.ZodType<string, string> = z.string().min(1)): z.ZodType<Secret, WrittenSecret> {
  return z
    .union([z.string().meta({ maxLength: MOST_BYTES }), ...reference])
    .transform((written, context) => {
      const found = resolve(written);
      const fault = 'fault' in found ? found.fault : faultOf(form, found.text);
      if (fault === undefined && 'text' in found) return new Secret(form.parse(found.text));
      context.issues.push({ code: 'custom', input: MASK, message: fault ?? '', params: { [TOLD]: true } });
      return z.NEVER;
    })
    .meta({ kind: 'secret', writeOnly: true });
}

/** What is told of an issue at a secret, whose own message may quote what was written. */
export function secretFault(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && issue.params?.[TOLD] === true) return issue.message;
  return 'expected text, { file = "/…" } or { env = "NAME" }';
}

type Found = { readonly text: string } | { readonly fault: string };

function resolve(written: WrittenSecret): Found {
  if (typeof written === 'string') return { text: written };
  if ('file' in written) return fromFile(written.file);
  const text = process.env[written.env];
  return text === undefined ? { fault: `is not there: the variable ${written.env} is not set` } : { text };
}

function fromFile(file: string): Found {
  try {
    // A pipe that nobody writes to must not hold up the agent.
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      if (!fstatSync(fd).isFile()) return { fault: `can't be read: ${file} is no file` };
      const bytes = Buffer.alloc(MOST_BYTES + 1);
      const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
      return { text: text.replace(/\r?\n$/, '') };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (!isFileError(thrown)) throw thrown;
    return { fault: `can't be read from ${file}: ${thrown.code}` };
  }
}

function faultOf(form: z.ZodType<string, string>, text: string): string | undefined {
  if (text === '') return 'is empty';
  if (Buffer.byteLength(text) > MOST_BYTES) return `has more than ${MOST_BYTES / 1024} KiB`;
  return form.safeParse(text).success ? undefined : 'is not of the form that it must have';
}
