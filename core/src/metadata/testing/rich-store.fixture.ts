/**
 * Fills both stores with one of everything that the core keeps, and prints them: the fixture of a schema. Where the schema changes,
 * run it from the last commit of the former one, and keep what it prints:
 *
 * ```sh
 * node --conditions=hawser:source core/src/metadata/testing/rich-store.fixture.ts > core/src/metadata/fixtures/schema-<N>.jsonl
 * ```
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { JournalKeeper } from '../../events/journal-keeper.ts';
import { testContext } from '../../testing/context.ts';
import { startCore, type TestCore } from '../../testing/core.ts';
import { defineCollection, type Transaction } from '../store.ts';

const HOLDER = { containerId: 'c0ffee', ifname: 'eth0' };
const LEAVER = { containerId: 'decade', ifname: 'eth0' };
const namespaces = defineCollection<{ readonly labels: Record<string, string> }>('root', 'namespaces');
const cursors = defineCollection<string>('state', 'ipam_cursor');

const REFERS = { 'gc.ref.thing': 'till', 'gc.bref.thing': 'base' };

type Things = ReturnType<TestCore['snapshots']['open']>;

/** Leases of every kind, and snapshots of every kind under them. */
function fillNamespace(tx: Transaction, { leases }: TestCore, things: Things): void {
  leases.create(tx, { id: 'plain', labels: { team: 'net', app: 'web' } });
  leases.create(tx, { id: 'flat', labels: { 'gc.flat': 'yes' } });
  leases.create(tx, { id: 'short', expiresInMs: 600_000 });
  leases.create(tx, { id: 'odd', labels: { 'gc.expire': 'when the cows come home' } });
  things.prepare(tx, 'base', { data: { size: 1 }, committed: true, labels: { 'gc.root': 'yes', team: 'net' } });
  things.prepare(tx, 'middle', { data: { size: 2 }, parents: ['thing/base'], labels: { 'gc.root': 'yes', app: 'web' } });
  things.commit(tx, 'middle');
  things.prepare(tx, 'top', {
    data: { nested: { list: [1, 'two', null, true] } },
    parents: ['thing/middle'],
    lease: 'plain',
    labels: REFERS,
  });
  things.view(tx, 'look', { data: {}, parents: ['thing/middle'], lease: 'flat' });
  things.prepare(tx, 'two/parents', { data: {}, parents: ['thing/base', 'thing/middle'], lease: 'short' });
  things.prepare(tx, 'schlüssel ☃', { data: { text: 'ünïcode \u0000 inside' }, lease: 'odd', labels: { größe: '☃' } });
  things.prepare(tx, 'till', { data: {}, labels: { 'gc.expire': '2026-06-01T00:00:00Z' } });
  things.prepare(tx, 'stuck', { data: {}, committed: true, lease: 'plain', labels: { team: 'net' } });
  leases.addResource(tx, 'plain', { type: 'thing', key: 'not-there-yet' });
}

/** Claims that are held, that cool, and that wait for what stands on them. */
function fillClaims(tx: Transaction, { leases, claims }: TestCore, attachments: Things): void {
  leases.create(tx, { id: 'attaching' });
  const take = (key: string, holder: typeof HOLDER, lease: string) =>
    claims.take(tx, { type: 'address', key, holder, data: { prefix: 16, gateway: '10.88.0.1' }, lease, cooldownMs: 3_600_000 });
  take('10.88.0.2', HOLDER, 'attaching');
  attachments.prepare(tx, 'c0ffee/eth0', {
    data: { ...HOLDER, network: 'pods' },
    parents: ['claim/address/10.88.0.2'],
    labels: { 'gc.root': 'attached', pod: 'web-0' },
  });
  attachments.commit(tx, 'c0ffee/eth0');
  leases.create(tx, { id: 'leaving' });
  take('10.88.0.3', LEAVER, 'leaving');
  attachments.prepare(tx, 'stuck/eth0', { data: { ...LEAVER }, parents: ['claim/address/10.88.0.3'], lease: 'leaving' });
  leases.create(tx, { id: 'gone' });
  take('10.88.0.4', LEAVER, 'gone');
  tx.put(cursors, '10.88.0.0/16', '10.88.0.4');
}

async function fill(folder: string): Promise<void> {
  const context = testContext();
  const { clock } = context;
  const { signal } = new AbortController();
  await using core = await startCore({ context, folder, gc: { startupDelayMs: 1e9, scheduleDelayMs: 1e9 } });
  const { metadata, snapshots, leases, gc } = core;
  const cleanup = async ({ key }: { readonly key: string }): Promise<void> => {
    if (key.startsWith('stuck')) throw new Error('the device does not answer');
  };
  using things = snapshots.open({ type: 'thing', store: 'state', cleanup });
  using attachments = snapshots.open({ type: 'attachment', store: 'state', cleanup });
  using intents = snapshots.open({ type: 'intent', store: 'root' });
  await metadata.write('root', (tx) => tx.put(namespaces, 'other', { labels: { team: 'net' } }));
  for (const namespace of ['default', 'other']) {
    await metadata.write('state', (tx) => fillNamespace(tx, core, things), { namespace });
    await metadata.write(
      'root',
      (tx) => {
        leases.create(tx, { id: 'durable', labels: { team: 'cloud' } });
        intents.prepare(tx, 'eni-1', { data: { wanted: true }, lease: 'durable', labels: { zone: 'a' } });
        intents.prepare(tx, 'eni-0', { data: {}, committed: true, labels: { 'gc.root': 'yes' } });
      },
      { namespace },
    );
  }
  await metadata.write('state', (tx) => fillClaims(tx, core, attachments));
  // What is told up to here goes to the archive; what follows stays in the boot's journal.
  await clock.advance(31_000);
  await new JournalKeeper({ metadata, clock, maxAgeMs: 1e9, maxBytes: 1e9 }).archive();
  await metadata.write('state', (tx) => {
    leases.removeResource(tx, 'plain', { type: 'thing', key: 'stuck' });
    leases.delete(tx, 'leaving');
    leases.delete(tx, 'gone');
  });
  await clock.runUntil(gc.run({ signal }));
}

/** `{store, key, value}` of each record, in the order of their keys. */
async function* linesOf(store: 'root' | 'state', folder: string): AsyncIterable<string> {
  const db = open<Buffer, Buffer>({ path: join(folder, store, 'store'), encoding: 'binary', keyEncoding: 'binary', readOnly: true });
  try {
    for (const { key, value } of db.getRange({})) {
      const line = { store, key: key.toString('utf8'), value: value.toString('utf8') };
      if (!Buffer.from(line.key).equals(key) || !Buffer.from(line.value).equals(value)) throw new Error(`a record is no text: ${line.key}`);
      yield JSON.stringify(line);
    }
  } finally {
    await db.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'hwt-rich-'));
try {
  await fill(folder);
  for (const store of ['root', 'state'] as const) for await (const line of linesOf(store, folder)) process.stdout.write(`${line}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
