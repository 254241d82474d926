import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzTarget } from './target.ts';

const CORPUS = join(import.meta.dirname, '..', 'corpus');
const ENDINGS = { text: '.txt', bytes: '.hex' } as const;

type Kept = Pick<FuzzTarget, 'name' | 'format'>;

/**
 * The inputs that are kept for a target, one file each, in the order of their names: valid ones to begin with, and those that
 * once found a defect.
 */
export function readCorpus({ name, format }: Kept): readonly Buffer[] {
  const folder = join(CORPUS, name);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(ENDINGS[format]));
  return files.sort().map((file) => decodeKept(format, readFileSync(join(folder, file))));
}

/** As it stands in a file of the corpus. Digits of bytes may stand on lines; a line's text behind a `#` is a remark. */
export function decodeKept(format: FuzzTarget['format'], content: Buffer): Buffer {
  if (format === 'text') return content;
  const digits = content.toString('latin1').replaceAll(/#.*|\s+/g, '');
  return Buffer.from(digits, 'hex');
}

const encodeKept = (format: FuzzTarget['format'], input: Buffer): Buffer | string =>
  format === 'text'
    ? input
    : `${
        input
          .toString('hex')
          .match(/.{1,64}/g)
          ?.join('\n') ?? ''
      }\n`;

/** Keeps an input under a name that its bytes give; its path. */
export function keepInput({ name, format }: Kept, input: Buffer, folder = join(CORPUS, name)): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16) + ENDINGS[format]);
  writeFileSync(path, encodeKept(format, input));
  return path;
}
