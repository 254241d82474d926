import { cp, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testContext } from '@hawser/core/testing';
import * as fc from 'fast-check';
import { checkStores } from '../../../core/src/cli/check-stores.ts';
import { currentVersion, MIGRATIONS } from '../../../core/src/metadata/migrations.ts';
import { unseal } from '../../../core/src/metadata/seal.ts';
import {
  BOOT,
  layDown,
  readSchema,
  sealed,
  type StoredRecord,
  WRITTEN_AT,
} from '../../../core/src/metadata/testing/stored-schema.fixture.ts';
import { startCore, type TestCore } from '../../../core/src/testing/core.ts';
import { checkRefusal, hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const NEWEST = Math.max(currentVersion(MIGRATIONS.root), currentVersion(MIGRATIONS.state));
const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const never = new AbortController().signal;

const records = readSchema(NEWEST);
const foldersIn = (folder: string) => ({ root: join(folder, 'root'), state: join(folder, 'state') });

/** Opens the stores and reads everything that they hold. */
async function readAll(folder: string): Promise<void> {
  const context = testContext({ start: WRITTEN_AT });
  await using core = await startCore({ context, folder, gc: QUIET, bootId: async () => BOOT });
  for (const store of ['root', 'state'] as const) {
    for (const namespace of core.metadata.read(store, (tx) => tx.namespaces()))
      for (const read of readersOf(core, store, namespace)) await unlessThrown(read);
  }
  await unlessRefused(() => [...core.events.history({ from: 'start' })]);
  await unlessThrown(async () => await core.gc.run({ signal: never, dryRun: true }));
}

function readersOf(core: TestCore, store: 'root' | 'state', namespace: string): readonly (() => unknown)[] {
  const { metadata, leases, snapshots } = core;
  return [
    () => metadata.read(store, (tx) => leases.page(tx), { namespace }),
    () => metadata.read(store, (tx) => snapshots.page(tx), { namespace }),
    () => metadata.read(store, (tx) => leases.page(tx, { filters: ['labels.app==web'] }), { namespace }),
    () => metadata.read(store, (tx) => core.namespaces.page(tx), { namespace }),
  ];
}

/** A record that is JSON is believed: what is made of one that nobody wrote may fail in any way, but it ends. */
async function unlessThrown(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch {
    // It has ended.
  }
}

async function unlessRefused(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    checkRefusal(error, typeof code === 'string' ? (code.split('.')[0] ?? '') : 'metadata');
    hold(code !== 'internal.unexpected', 'a fault of the agent');
  }
}

async function checkAndRead(folder: string): Promise<void> {
  for (const { status, findings, damage } of await checkStores(foldersIn(folder))) {
    hold(status !== 'sound' || (findings.length === 0 && damage === undefined), 'sound, with findings');
    hold(status !== 'damaged' || (damage !== undefined && damage.remedy !== ''), 'damaged, without saying how');
  }
  await unlessRefused(() => readAll(folder));
}

const KEYS = records.map(({ store, key }) => `${store} ${JSON.stringify(key)} `);
const VALUES = [
  '{}',
  '[]',
  'null',
  '0',
  '""',
  '{"labels":null}',
  '{"parents":["a"]}',
  '{"kind":"active"}',
  '\xff',
  '{"expiresAt":"x"}',
  '{"version":1e9}',
];

/** Records that are not what their writers put. */
export const storedRecords: FuzzTarget = {
  name: 'records',
  summary:
    'stores with records of garbage: db check names it and repairs what it can, the journal is refused where it is none, and whoever reads comes to an end',
  format: 'text',
  pieces: [...KEYS, ...VALUES.map((value) => `${value}\n`)],
  grammar: fc
    .array(
      fc.tuple(
        fc.constantFrom(...KEYS),
        fc.oneof(
          fc.constantFrom(...VALUES),
          fc.json(),
          fc.constantFrom(...records).map(({ key, value }) => unseal(key, value) ?? value),
        ),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((lines) => lines.map((line) => line.join('')).join('\n')),
  runs: 10,
  large: false,
  slowMs: 5_000,
  open: async () => ({
    async attempt(input) {
      const folder = await mkdtemp(join(tmpdir(), 'hwt-fuzz-records-'));
      try {
        const changed = new Map(records.map((record) => [`${record.store} ${record.key}`, record]));
        for (const record of recordsIn(input.toString('latin1'))) changed.set(`${record.store} ${record.key}`, sealed(record));
        await layDown([...changed.values()], folder);
        await checkAndRead(folder);
        await checkStores(foldersIn(folder), { repair: true });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  }),
};

/** `<store> "<key>" <value>` on each line. */
function recordsIn(text: string): readonly StoredRecord[] {
  return text.split('\n').flatMap((line) => {
    const [, store, quoted = '', value = ''] = /^(root|state) ("(?:[^"\\]|\\.)*") (.*)$/.exec(line) ?? [];
    const key = keyOf(quoted);
    if ((store !== 'root' && store !== 'state') || key === '' || Buffer.byteLength(key) > 1_900) return [];
    return [{ store, key, value }];
  });
}

function keyOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return '';
  }
}

/** Bytes of the files themselves. */
export const damagedFiles: FuzzTarget = {
  name: 'damaged-files',
  summary: 'files of stores with bytes overwritten or cut off: refused by name, or read to the end; never a dead process',
  format: 'bytes',
  pieces: [Buffer.of(0, 0, 0, 0), Buffer.of(0xff, 0xff, 0xff, 0xff), Buffer.of(0, 0x10, 0, 0), Buffer.of(0, 0x20, 0, 0)],
  grammar: fc
    .tuple(fc.constantFrom(0, 1), fc.nat(64 * 1024), fc.uint8Array({ minLength: 1, maxLength: 8 }))
    .map(([store, at, bytes]) => Buffer.concat([Buffer.of(store, at & 0xff, (at >> 8) & 0xff, at >> 16, bytes.length), bytes])),
  runs: 15,
  longest: 256,
  large: false,
  slowMs: 5_000,
  open: async () => {
    const place = await mkdtemp(join(tmpdir(), 'hwt-fuzz-damaged-'));
    const sound = join(place, 'sound');
    await layDown(records, sound);
    return {
      async attempt(input) {
        const folder = join(place, 'damaged');
        await cp(sound, folder, { recursive: true });
        try {
          await damage(folder, input);
          await checkAndRead(folder);
        } finally {
          await rm(folder, { recursive: true });
        }
      },
      [Symbol.asyncDispose]: () => rm(place, { recursive: true }),
    };
  },
};

/** Patches one behind the other: store, 24 bits of offset, how many bytes, the bytes; of none the file ends at the offset. */
async function damage(folder: string, input: Buffer): Promise<void> {
  for (let at = 0; at + 5 <= input.length;) {
    const offset = input.readUIntLE(at + 1, 3);
    const count = (input[at + 4] ?? 0) & 31;
    const store = ((input[at] ?? 0) & 1) === 0 ? 'root' : 'state';
    await using file = await open(join(folder, store, 'store', 'data.mdb'), 'r+');
    const { size } = await file.stat();
    if (count === 0) await file.truncate(offset % (size + 1));
    else await file.write(input, at + 5, Math.min(count, input.length - at - 5), offset % size);
    at += 5 + count;
  }
}
