import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { missing } from './machine.ts';

/** A folder of this run with a path short enough for sockets in it. */
function makeFolder(): string {
  return mkdtempSync(join(process.env['HAWSER_CLIENTS_FOLDER'] ?? tmpdir(), 'f'));
}

/** Whether the run is about the reference plugins, to see whether a client by itself works here. */
export const REFERENCE = process.env['HAWSER_TEST_NETWORK'] === 'reference';

/** Skips the tests of a file where they say nothing about the reference plugins. */
export function ours(): void {
  beforeEach((context) => context.skip(REFERENCE, 'says nothing about the reference plugins'));
}

/**
 * What the tests of a file share: opened before the first, closed after the last. Where programs are missing, nothing
 * is opened and each test is skipped with the reason.
 */
export function shared<T extends AsyncDisposable>(programs: readonly string[], open: (folder: string) => Promise<T>): () => T {
  const reason = missing(programs);
  let value: T | undefined;
  beforeAll(async () => {
    if (reason === undefined) value = await open(makeFolder());
  });
  afterAll(async () => value?.[Symbol.asyncDispose]());
  beforeEach((context) => context.skip(reason !== undefined, reason));
  return () => {
    if (value === undefined) throw new Error('it could not be opened');
    return value;
  };
}
