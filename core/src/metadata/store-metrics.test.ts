import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { countedMetrics } from '../testing/counted.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { defineCollection } from './store.ts';
import { observeStores } from './store-metrics.ts';

const things = defineCollection<string>('state', 'things');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-meter-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (metrics = countedMetrics()) => {
  const { clock } = testContext();
  return openMetadata({
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    log: pino({ level: 'silent' }),
    meter: { metrics, clock },
  });
};

test('transactions are counted by outcome, commits measured with what they wrote', async () => {
  const metrics = countedMetrics();
  await using metadata = await open(metrics);
  const before = metrics.values.get('hawser_metadata_transactions_total{store="state",outcome="committed"}') ?? 0;
  const outcomes = await Promise.allSettled([
    metadata.write('state', (tx) => tx.put(things, 'a', 'x'.repeat(100))),
    metadata.write('state', (tx) => tx.put(things, 'b', 'y')),
    metadata.write('state', () => {
      throw new Error('changed my mind');
    }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  const value = (name: string) => metrics.values.get(name);
  expect(value('hawser_metadata_transactions_total{store="state",outcome="committed"}')).toBe(before + 2);
  expect(value('hawser_metadata_transactions_total{store="state",outcome="aborted"}')).toBe(1);
  expect(value('hawser_metadata_written_bytes_total{store="state"}')).toBeGreaterThan(100);
  for (const what of ['commit_duration_seconds', 'queue_duration_seconds', 'commit_batch_transactions'])
    expect(value(`hawser_metadata_${what}{store="state"}`)).toBeGreaterThan(0);
});

test('a scrape asks for size and records', async () => {
  const metrics = countedMetrics();
  await using metadata = await open(metrics);
  using _observer = observeStores(metrics, metadata);
  await metadata.write('state', (tx) => tx.put(things, 'a', 'x'));
  const { text } = await metrics.expose();
  expect(text).toMatch(/hawser_metadata_file_size_bytes\{store="root"\} [1-9]/);
  expect(text).toMatch(/hawser_metadata_known_records\{store="state"\} [1-9]/);
});

test('records are counted as they are at once, aborted ones not', async () => {
  await using metadata = await open();
  const before = metadata.stats().state.entries;
  const fill = (count: number, prefix: string) =>
    metadata.write('state', (tx) => {
      for (let n = 0; n < count; n++) tx.put(things, `${prefix}${n}`, 'x');
    });
  await fill(50_000, 'a');
  expect(metadata.stats().state.entries - before).toBe(50_000);
  const aborted = metadata.write('state', (tx) => {
    tx.put(things, 'b', 'x');
    throw new Error('no');
  });
  await expect(aborted).rejects.toThrow('no');
  await metadata.write('state', (tx) => tx.delete(things, 'a7'));
  expect(metadata.stats().state.entries - before).toBe(49_999);
});
