import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMetadata } from './lmdb-metadata.ts';
import { backupStore, checkStore, restoreStore } from './maintenance.ts';
import { defineCollection } from './store.ts';

const things = defineCollection<string>('state', 'things');

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-restore-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = () => join(folder, 'state');
const open = () => openMetadata({ root: join(folder, 'root'), state: state(), log: pino({ level: 'silent' }) });

async function put(key: string): Promise<void> {
  await using metadata = await open();
  await metadata.write('state', (tx) => tx.put(things, key, 'x'));
}

async function held(): Promise<readonly string[]> {
  await using metadata = await open();
  return metadata.read('state', (tx) => [...tx.keys(things)]);
}

/** A backup of a store that has gone on since. */
async function prepared(): Promise<string> {
  await put('old');
  const backup = join(folder, 'backup');
  await backupStore('state', state(), backup);
  await put('new');
  return backup;
}

test.each([
  ['after_copy', ['new', 'old']],
  ['after_preparation', ['new', 'old']],
  ['after_moving_away', ['old']],
  ['after_rename', ['old']],
])(
  'killed at %s it leaves one store or the other, and nothing that would be taken for one later',
  { timeout: 60_000 },
  async (point, left) => {
    const backup = await prepared();
    const child = join(import.meta.dirname, 'testing', 'restorer.ts');
    const killed = fork(child, [state(), backup, `restore.${point}`], { execArgv: ['--conditions=hawser:source'], stdio: 'inherit' });
    expect(await new Promise((resolve) => killed.once('exit', (_code, signal) => resolve(signal)))).toBe('SIGKILL');
    expect(await held()).toEqual(left);
    expect((await checkStore('state', state())).damage).toBeUndefined();
    expect(readdirSync(state())).not.toContain('store.restored');
    await restoreStore('state', state(), backup);
    expect(await held()).toEqual(['old']);
  },
);

test('one that is killed may be run again at once', { timeout: 60_000 }, async () => {
  const backup = await prepared();
  const child = join(import.meta.dirname, 'testing', 'restorer.ts');
  for (const point of ['after_preparation', 'after_moving_away', 'after_moving_away']) {
    const killed = fork(child, [state(), backup, `restore.${point}`], { execArgv: ['--conditions=hawser:source'], stdio: 'inherit' });
    await new Promise((resolve) => killed.once('exit', resolve));
  }
  await restoreStore('state', state(), backup);
  expect(await held()).toEqual(['old']);
});
