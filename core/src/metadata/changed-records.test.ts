import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { currentVersion, MIGRATIONS } from './migrations.ts';
import { BOOT, layDown, readSchema, WRITTEN_AT } from './testing/stored-schema.fixture.ts';

const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const { signal } = new AbortController();

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-changed-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function inCore(work: (core: TestCore) => Promise<void>): Promise<void> {
  await using core = await startCore({ context: testContext(), folder, gc: QUIET });
  await work(core);
}

const look = async (repair = false) => (await checkStores({ root: join(folder, 'root'), state: join(folder, 'state') }, { repair }))[1];

/** One snapshot that its `gc.root` alone keeps, and one that nothing keeps. */
const fill = (): Promise<void> =>
  inCore(async ({ metadata, snapshots }) => {
    using pods = snapshots.open({ type: 'pod', store: 'state' });
    await metadata.write('state', (tx) => {
      pods.prepare(tx, 'alive', { data: { text: 'of the pod that lives' }, labels: { 'gc.root': 'yes' } });
      pods.prepare(tx, 'garbage', { data: {} });
    });
  });

/** What the file of the state store says becomes something else, of the same length, wherever it stands. */
function change(former: string, later: string): void {
  const file = join(folder, 'state', 'store', 'data.mdb');
  const content = readFileSync(file);
  let count = 0;
  for (let at = content.indexOf(former); at >= 0; at = content.indexOf(former, at + 1), count++) content.write(later, at, 'latin1');
  expect(count).toBeGreaterThan(0);
  writeFileSync(file, content);
}

/** What a collection cleans up, or why it fails. */
async function collected(): Promise<readonly string[] | string> {
  const cleaned: string[] = [];
  let failure = '';
  await inCore(async ({ gc, snapshots }) => {
    using _pods = snapshots.open({ type: 'pod', store: 'state', cleanup: async ({ key }) => void cleaned.push(key) });
    await gc.run({ signal }).catch((error: Error & { readonly code?: string }) => (failure = `${error.code}: ${error.message}`));
  });
  return failure === '' ? cleaned : failure;
}

// The first two are JSON still, and of the form of a snapshot; the third is no text.
test.each([
  ['"gc.root"', '"gc.roou"'],
  ['of the pod that lives', 'of the pod that lIves'],
  ['pod that lives', 'pod that li\xf6es'],
])('a bit that changes %j into %j lets nothing be taken away, and is mended', async (former, later) => {
  await fill();
  change(former, later);
  expect(await collected()).toContain('the record "pod/alive" of snapshots in the state store is not what was written');
  expect(await look()).toMatchObject({
    status: 'inconsistent',
    findings: expect.arrayContaining([
      {
        check: 'checksums',
        namespace: 'default',
        what: 'the record "pod/alive" of snapshots is not what was written',
        means: expect.stringContaining('one bit'),
        remedy: expect.stringContaining('--repair'),
      },
    ]),
  });
  expect(await look(true)).toMatchObject({ status: 'sound', findings: [], repaired: [{ check: 'checksums' }] });
  expect(await collected()).toEqual(['garbage']);
});

test('more than that stays refused, is told to whoever checks, and keeps nothing else from being mended', async () => {
  await fill();
  change('"gc.root":"yes"', '"gc.rooo":"yes"');
  change('of the pod that lives', 'of the pod that dies.');
  const found = [{ check: 'checksums', what: expect.stringContaining('"pod/alive"'), remedy: expect.stringContaining('db restore') }];
  expect(await look()).toMatchObject({ status: 'inconsistent', findings: expect.arrayContaining([expect.objectContaining(found[0])]) });
  expect(await look(true)).toMatchObject({ status: 'inconsistent', repaired: [] });
  await expect(collected()).resolves.toContain('is not what was written');
});

test('a schema of which one bit has changed is read as it was, and written so', async () => {
  await fill();
  change('{"version":4}', '{"version":5}');
  expect(await look()).toMatchObject({ status: 'sound' });
  expect(await collected()).toEqual(['garbage']);
  expect(readFileSync(join(folder, 'state', 'store', 'data.mdb')).includes('{"version":4}')).toBe(true);
});

test('a schema that has changed is no store from before there were checksums', async () => {
  await fill();
  change('{"version":4}', '{"version":3}');
  await expect(inCore(async () => undefined)).rejects.toMatchObject({
    code: 'metadata.damaged',
    message: expect.stringContaining('schema record'),
  });
  expect(await look()).toMatchObject({ status: 'damaged', damage: { code: 'metadata.damaged' } });
});

/** One record of each collection of the present schema. */
const kinds = Map.groupBy(readSchema(currentVersion(MIGRATIONS.root)), ({ store, key }) => `${store}/${key.split('\0')[0]}`);

test.each(Array.from(kinds, ([kind, [record]]) => [kind, record ?? expect.fail()] as const))(
  'a bit of %s lets an agent start, and is mended',
  async (_kind, { store, key, value }) => {
    const at = value.length >> 1;
    const changed = `${value.slice(0, at)}${String.fromCharCode(value.charCodeAt(at) ^ 1)}${value.slice(at + 1)}`;
    const records = readSchema(currentVersion(MIGRATIONS.root));
    await layDown(
      records.map((one) => (one.store === store && one.key === key ? { store, key, value: changed } : one)),
      folder,
    );
    const [root, state] = await checkStores({ root: join(folder, 'root'), state: join(folder, 'state') }, { repair: false });
    expect([root?.status, state?.status].filter((status) => status !== 'sound')).toHaveLength(key.startsWith('_store') ? 0 : 1);
    {
      await using _core = await startCore({ context: testContext({ start: WRITTEN_AT }), folder, gc: QUIET, bootId: async () => BOOT });
    }
    const mended = await checkStores({ root: join(folder, 'root'), state: join(folder, 'state') }, { repair: true });
    expect(mended.map(({ status }) => status)).toEqual(['sound', 'sound']);
  },
);
