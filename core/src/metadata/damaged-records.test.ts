import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { currentVersion, MIGRATIONS } from './migrations.ts';
import { defineCollection } from './store.ts';
import { BOOT, layDown, readSchema, sealed, type StoredRecord, WRITTEN_AT } from './testing/stored-schema.fixture.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-damaged-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const folders = () => ({ root: join(folder, 'root'), state: join(folder, 'state') });
const open = () => openMetadata({ ...folders(), log: pino({ level: 'silent' }), bootId: async () => BOOT });
const sound = (): readonly StoredRecord[] => readSchema(Math.max(currentVersion(MIGRATIONS.root), currentVersion(MIGRATIONS.state)));

describe.each(['events\u00000001', 'events', '\u0000', 'a\u0000b'])('a record under %j, which is no key of any collection', (key) => {
  beforeEach(() => layDown([...sound(), sealed({ store: 'state', key, value: '[]' })], folder));

  test('is told by the check', async () => {
    const [, state] = await checkStores(folders());
    expect(state).toMatchObject({
      status: 'damaged',
      damage: { code: 'metadata.damaged', message: expect.stringContaining('of no collection') },
    });
  });

  test('does not keep anybody from looking for namespaces', async () => {
    await using metadata = await open();
    expect(metadata.read('state', (tx) => tx.namespaces())).toContain('default');
  });
});

test('a record without its checksum is told to whoever reads it as what it is', async () => {
  await layDown([...sound(), { store: 'state', key: 'things\u0000default\u0000a', value: '{"half":1}' }], folder);
  await using metadata = await open();
  const things = defineCollection('state', 'things');
  const damaged = expect.objectContaining({
    code: 'metadata.damaged',
    message: 'the record "a" of things in the state store is not what was written',
  });
  expect(() => metadata.read('state', (tx) => tx.get(things, 'a'))).toThrow(damaged);
  expect(() => metadata.read('state', (tx) => [...tx.entries(things)])).toThrow(damaged);
});

test('a record of the journal that is none is told to whoever reads it as what it is', async () => {
  await layDown([...sound(), sealed({ store: 'root', key: 'events\u0000default\u000000000001-000000000001', value: '[]' })], folder);
  await using core = await startCore({ context: testContext({ start: WRITTEN_AT }), folder, bootId: async () => BOOT });
  expect(() => [...core.events.history({ from: 'start' })]).toThrow(
    expect.objectContaining({ code: 'metadata.damaged', message: expect.stringContaining('the journal') }),
  );
});

/** Overwrites pages of the state store, from the first behind the meta pages on. */
function overwrite(at: number, ...bytes: readonly number[]): void {
  const file = join(folder, 'state', 'store', 'data.mdb');
  const fd = openSync(file, 'r+');
  for (let page = 2; page < statSync(file).size / 4096; page++) writeSync(fd, Buffer.from(bytes), 0, bytes.length, page * 4096 + at);
  closeSync(fd);
}

// Header of a page: 8 its transaction, 18 its kind, 20 the end of its directory, 22 where its records begin.
test.each([
  ['of a transaction that never was', 8, [0x9f, 0x61]],
  ['of all kinds at once', 18, [0xff, 0xff]],
  ['of a kind that no store has', 18, [0x20, 0]],
  ['with a directory beyond its records', 20, [0xf0, 0x0f, 0, 0]],
])('a page %s is refused, before LMDB believes it and ends the process', async (_what, at, bytes) => {
  await layDown(sound(), folder);
  overwrite(at, ...bytes);
  const [root, state] = await checkStores(folders());
  expect([root?.status, state?.status]).toEqual(['sound', 'damaged']);
  await expect(open()).rejects.toMatchObject({ code: 'metadata.damaged' });
});

describe('a key that has changed in its file', () => {
  const letters = Array.from('abcdefghij');
  /** Two of them fill a page. */
  const value = (letter: string) => JSON.stringify(letter.repeat(1_500));
  const keyOf = (letter: string) => `x${letter}\u0000default\u0000key`;

  /** Where the record itself is, and not where the tree leads to it. */
  function change(letter: string, former: string, later: string): void {
    const file = join(folder, 'state', 'store', 'data.mdb');
    const content = readFileSync(file);
    const record = Buffer.from(keyOf(letter) + value(letter).slice(0, 2));
    for (let at = content.indexOf(record); at >= 0; at = content.indexOf(record, at + 1)) content.write(later, at + record.indexOf(former));
    writeFileSync(file, content);
  }

  test('leads nobody in a circle: whoever meets it is told', async () => {
    const met: string[] = [];
    for (const letter of letters) {
      await layDown([...sound(), ...letters.map((one) => sealed({ store: 'state', key: keyOf(one), value: value(one) }))], folder);
      change(letter, 'x', 'b');
      const [, checked] = await checkStores(folders());
      expect(checked).toMatchObject({ status: 'damaged', damage: { code: 'metadata.damaged', message: expect.stringContaining('order') } });
      try {
        await using metadata = await open();
        expect(metadata.read('state', (tx) => tx.namespaces())).toContain('default');
      } catch (error) {
        expect(error).toMatchObject({ code: 'metadata.damaged' });
        met.push(letter);
      }
      rmSync(folder, { recursive: true });
    }
    expect(met.length).toBeGreaterThan(0);
  });

  test('and names a namespace that there can’t be, is told as damage', async () => {
    await layDown([...sound(), sealed({ store: 'state', key: keyOf('a'), value: value('a') })], folder);
    change('a', 'default', 'defa}lt');
    await expect(open()).rejects.toMatchObject({ code: 'metadata.damaged', message: expect.stringContaining('xa\\u0000defa}lt') });
  });
});
