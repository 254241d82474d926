import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineCollection } from '../metadata/store.ts';
import { hawser } from '../testing/command-line.fixture.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';

const ALIEN = { ...defineCollection('state', 'leased'), derived: true };

let folder = '';
let config = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-cli-db-'));
  config = join(folder, 'config.toml');
  await writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n`);
  await using core = await startCore({ context: testContext(), folder });
  await core.metadata.write('state', (tx) => tx.put(ALIEN, 'thing/a\0gone', {}));
});
afterEach(() => rm(folder, { recursive: true }));

test('db check says what disagrees and exits with 1; with --repair it says what it did, and exits with 0', async () => {
  const found = await hawser('db', 'check', '--config', config);
  expect(found.code).toBe(1);
  expect(found.out).toMatch(/^STORE +STATUS +PATH +FOUND\nroot +sound +\S+\/root\/store +-\nstate +inconsistent +\S+ +1 disagreement\n$/);
  expect(found.err).toMatch(
    /^state\/default: thing\/a is linked to the lease gone, which is not there: .+\. Stop the agent and run `hawser/,
  );
  const repaired = await hawser('db', 'check', '--repair', '--config', config);
  expect(repaired).toMatchObject({ code: 0, err: 'repaired in state/default: thing/a is linked to the lease gone, which is not there\n' });
  const sound = await hawser('db', 'check', '--config', config, '-o', 'json');
  expect(sound).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(sound.out)).toMatchObject([
    { store: 'root', status: 'sound', findings: [], repaired: [] },
    { store: 'state', status: 'sound', findings: [], repaired: [] },
  ]);
});

test('db compact says the bytes before and after, and refuses while an agent runs', async () => {
  const { code, out } = await hawser('db', 'compact', '--config', config, '-o', 'json');
  expect(code).toBe(0);
  const [root, state] = JSON.parse(out) as readonly { readonly beforeBytes: number; readonly afterBytes: number }[];
  for (const one of [root, state]) expect(one?.afterBytes).toBeLessThan(one?.beforeBytes ?? 0);
  await using _core = await startCore({ context: testContext(), folder });
  expect(await hawser('db', 'compact', '--config', config)).toMatchObject({ code: 1, err: expect.stringContaining('[metadata.locked]') });
});
