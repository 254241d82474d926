import { fork } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { inStore, restoreStore } from './maintenance.ts';
import { currentVersion, MIGRATIONS } from './migrations.ts';
import { readAll } from './read-all.ts';
import { ALL_KEYS } from './record.ts';
import { unseal } from './seal.ts';
import { BOOT, layDown, readSchema, sealed, type StoredRecord, WRITTEN_AT } from './testing/stored-schema.fixture.ts';

const STORES = ['root', 'state'] as const;
const CURRENT = { root: currentVersion(MIGRATIONS.root), state: currentVersion(MIGRATIONS.state) };
const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);
/** Each has the stores of one program: `schema-<N>.jsonl`. */
const GENERATIONS = upTo(Math.max(CURRENT.root, CURRENT.state));
const CHILD = join(import.meta.dirname, 'testing', 'migrator.fixture.ts');
const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const NEWER = GENERATIONS.length + 1;
const log = pino({ level: 'silent' });
const bootId = async () => BOOT;

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-schema-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const folders = () => ({ root: join(folder, 'root'), state: join(folder, 'state') });
const contentOf = (store: 'root' | 'state' = 'state') => inStore(join(folder, store, 'store'), readAll);

async function inCore(work: (core: TestCore) => Promise<void>): Promise<void> {
  await using core = await startCore({ context: testContext({ start: WRITTEN_AT }), folder, bootId, gc: QUIET });
  await work(core);
}

/** What stands in the stores now, by store and key. */
async function records(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const store of STORES)
    await inStore(join(folder, store, 'store'), (environment) => {
      for (const { key, value } of environment.chunk(ALL_KEYS, false, 10_000)) found.set(`${store} ${key}`, value);
    });
  return found;
}

const isSchema = ({ key }: StoredRecord): boolean => key === '_store\0\0schema';

const versionIn = (stored: readonly StoredRecord[], store: 'root' | 'state'): number =>
  Number(/\d+/.exec(stored.find((record) => isSchema(record) && record.store === store)?.value ?? '')?.[0]);

test.each(STORES)('steps of the %s store have no gap, and each version has a store that its own program has written', (store) => {
  expect(MIGRATIONS[store].map(({ version }) => version)).toEqual(upTo(CURRENT[store]).slice(1));
  const written = GENERATIONS.map((generation) => versionIn(readSchema(generation), store));
  expect([...new Set(written)]).toEqual(upTo(CURRENT[store]));
});

describe.each(GENERATIONS)('stores of schema %i', (generation) => {
  const stored = readSchema(generation);
  beforeEach(() => layDown(stored, folder));

  test('come to the present version with every record, and db check finds nothing', async () => {
    for (const store of STORES) expect(await contentOf(store)).toMatchObject({ schemaVersion: versionIn(stored, store) });
    await (await openMetadata({ ...folders(), log, bootId }))[Symbol.asyncDispose]();
    const after = await records();
    for (const record of stored.filter((one) => !isSchema(one))) {
      const { store, key, value } = record;
      expect(after.get(`${store} ${key}`)).toBe(unseal(key, value) === undefined ? sealed(record).value : value);
    }
    const { collections } = await contentOf();
    expect(collections).toMatchObject({
      'snapshots.by_label': 9,
      'leases.by_label': 4,
      gc_references: 4,
      gc_referrers: 4,
      gc_condemned: 2,
    });
    const checked = await checkStores(folders());
    expect(checked.map(({ status, findings }) => ({ status, findings }))).toEqual([1, 2].map(() => ({ status: 'sound', findings: [] })));
  });

  test('are read whole: leases, snapshots by parent and label, claims, the journal from its beginning', async () => {
    await inCore(async ({ metadata, leases, snapshots, claims, events }) => {
      for (const namespace of ['default', 'other'])
        metadata.read(
          'state',
          (tx) => {
            const ids = Array.from(leases.list(tx), ({ id }) => id);
            expect(ids).toEqual(expect.arrayContaining(['flat', 'odd', 'plain', 'short']));
            expect(leases.get(tx, 'odd')?.labels['gc.expire']).toBe('when the cows come home');
            expect(leases.get(tx, 'short')?.expiresAt).toBe('2026-01-01T00:10:00.000Z');
            const named = (...filters: string[]) => snapshots.page(tx, { filters }).items.map(({ type, key }) => `${type}/${key}`);
            expect(named('labels.team==net')).toEqual(['thing/base', 'thing/stuck']);
            expect(named('labels."größe"=="☃"')).toEqual(['thing/schlüssel ☃']);
            expect(named('parent==thing/middle')).toEqual(['thing/look', 'thing/top']);
            expect(named('kind==view')).toEqual(['thing/look']);
          },
          { namespace },
        );
      const states = metadata.read('state', (tx) => Array.from(claims.list(tx), ({ key, state }) => `${key} ${state}`));
      expect(states).toEqual(['10.88.0.2 held', '10.88.0.3 releasing', '10.88.0.4 cooling']);
      const told = [...events.history()];
      expect(told.map(({ cursor }) => cursor)).toEqual(told.map(({ cursor }) => cursor).toSorted());
      const topics = told.map(({ topic }) => topic);
      expect(topics).toEqual(expect.arrayContaining(['/claims/taken', '/leases/created', '/snapshots/committed', '/gc/failed']));
      expect(topics.filter((topic) => topic === '/leases/created')).toHaveLength(13);
    });
  });

  test('go on where they were: what is condemned is cleaned up, what cools comes free, what is kept stays', async () => {
    const context = testContext({ start: WRITTEN_AT });
    await using core = await startCore({ context, folder, bootId, gc: QUIET });
    const { signal } = new AbortController();
    const cleaned: string[] = [];
    const cleanup = async ({ type, key }: { readonly type: string; readonly key: string }) => void cleaned.push(`${type}/${key}`);
    using _things = core.snapshots.open({ type: 'thing', store: 'state', cleanup });
    using _attachments = core.snapshots.open({ type: 'attachment', store: 'state', cleanup });
    using _intents = core.snapshots.open({ type: 'intent', store: 'root' });
    await core.gc.run({ signal });
    expect(cleaned.toSorted()).toEqual(['attachment/stuck/eth0', 'thing/stuck']);
    await context.clock.advance(4 * 3_600_000);
    await core.gc.run({ signal });
    const names = core.metadata.read('state', (tx) => Array.from(core.snapshots.list(tx), ({ type, key }) => `${type}/${key}`));
    expect(names).toEqual([
      'attachment/c0ffee/eth0',
      'claim/address/10.88.0.2',
      ...['thing/base', 'thing/look', 'thing/middle', 'thing/schlüssel ☃', 'thing/till', 'thing/top'],
    ]);
  });

  test('are refused everywhere when a newer version has written them, and are not touched', async () => {
    const versionRecord = (record: StoredRecord) => ({ ...record, value: JSON.stringify({ version: NEWER }) });
    const isSealed = stored.some((record) => isSchema(record) && unseal(record.key, record.value) !== undefined);
    const newer = stored.map((record) => {
      if (!isSchema(record)) return record;
      return isSealed ? sealed(versionRecord(record)) : versionRecord(record);
    });
    await layDown(newer, folder);
    const before = await contentOf();
    const refused = { code: 'metadata.schema_newer', message: expect.stringContaining(`schema ${NEWER}`) };
    await expect(openMetadata({ ...folders(), log, bootId })).rejects.toMatchObject(refused);
    await expect(checkStores(folders(), { repair: true })).resolves.toMatchObject([1, 2].map(() => ({ status: 'newer', damage: refused })));
    cpSync(join(folder, 'state', 'store'), join(folder, 'backup'), { recursive: true });
    await expect(restoreStore('state', folders().state, join(folder, 'backup'), { bootId })).rejects.toMatchObject(refused);
    expect(await contentOf()).toEqual(before);
  });
});

describe.each(upTo(CURRENT.state - 1))('a migration of the state store from schema %i', (generation) => {
  beforeEach(() => layDown(readSchema(generation), folder));

  test.each(['inside', 'after'])(
    'by a process that is killed %s of its transaction leaves the former store, or the new one whole',
    async (stage) => {
      const before = await contentOf();
      const child = fork(CHILD, [join(folder, 'state', 'store'), stage], { execArgv: ['--conditions=hawser:source'] });
      expect(await new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))).toBe('SIGKILL');
      const after = await contentOf();
      if (stage === 'inside') expect(after).toEqual(before);
      else expect(after.schemaVersion).toBe(CURRENT.state);
      await inCore(async () => undefined);
      expect(await checkStores(folders())).toMatchObject([{ status: 'sound' }, { status: 'sound' }]);
    },
  );

  test('that fails leaves the store as it was, and the present program can still do it', async () => {
    const before = await contentOf();
    const broken = MIGRATIONS.state.map((step) => ({
      ...step,
      migrate: (tx: Parameters<typeof step.migrate>[0]) => {
        step.migrate(tx);
        throw new TypeError('a record of another form');
      },
    }));
    await expect(openMetadata({ ...folders(), log, bootId, migrations: { ...MIGRATIONS, state: broken } })).rejects.toMatchObject({
      code: 'metadata.migration_failed',
    });
    expect(await contentOf()).toEqual(before);
    await inCore(async () => undefined);
    expect((await contentOf()).schemaVersion).toBe(CURRENT.state);
  });
});
