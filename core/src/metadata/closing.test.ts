import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMetadata } from './lmdb-metadata.ts';
import { defineCollection, type Transaction } from './store.ts';

const things = defineCollection<string>('state', 'things');

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-closing-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openMetadata({ root: join(folder, 'root'), state: join(folder, 'state'), log: pino({ level: 'silent' }) });

test('what waits is committed, and what that sets off is refused as closed', async () => {
  const metadata = await open();
  let late: Promise<unknown> | undefined;
  const written = metadata.write('state', (tx) => {
    tx.put(things, 'waits', 'x');
    tx.afterCommit(() => {
      late = metadata.write('state', (next) => next.put(things, 'late', 'x')).catch((error: unknown) => error);
    });
  });
  await metadata[Symbol.asyncDispose]();
  await written;
  expect(await late).toMatchObject({ code: 'metadata.closed' });
  await using again = await open();
  expect(again.read('state', (tx) => [...tx.keys(things)])).toEqual(['waits']);
});

test('a transaction takes nothing more when it is over, effects neither', async () => {
  await using metadata = await open();
  let over: Transaction | undefined;
  await metadata.write('state', (tx) => void (over = tx));
  const ended = expect.objectContaining({ code: 'metadata.transaction_ended' });
  expect(() => over?.afterCommit(() => undefined)).toThrow(ended);
  expect(() => over?.beforeCommit(() => undefined)).toThrow(ended);
  expect(() => over?.refuseWhenFull()).toThrow(ended);
});

test('an effect that is asynchronous harms nobody either when it fails', async () => {
  const logged: string[] = [];
  const folders = { root: join(folder, 'root'), state: join(folder, 'state') };
  await using metadata = await openMetadata({ ...folders, log: pino({ base: null }, { write: (line) => void logged.push(line) }) });
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on('unhandledRejection', hear);
  // What the compiler takes for an effect.
  const effect: () => unknown = () => Promise.reject(new Error('too late'));
  await metadata.write('state', (tx) => tx.afterCommit(effect));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  expect(unheard).toEqual([]);
  expect(logged.join('')).toContain('too late');
});

test('a collection whose name no store takes is told where it is declared', () => {
  expect(() => defineCollection('state', 'acme-things')).toThrow(expect.objectContaining({ code: 'metadata.invalid_name' }));
});
