import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startAgent } from '../agent/index.ts';
import { loadConfig } from '../config/index.ts';
import { systemContext } from '../context/index.ts';
import { defineCollection, Metadata } from '../metadata/store.ts';
import { assembly, hawser } from '../testing/command-line.fixture.ts';

test('ls takes filters, a limit and a cursor; labels are changed; a wrong filter is told with its column', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hwt-ls-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const config = join(folder, 'config.toml');
  await writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n`);
  const { plugins, ...named } = assembly;
  const loaded = await loadConfig({ file: config, plugins, missingOk: false });
  const agent = await startAgent({ ...named, config: loaded, context: systemContext, log: pino({ level: 'silent' }) });
  stack.defer(async () => void (await agent.stop('the test is over')));
  const run = (...words: string[]) => hawser('--config', config, ...words);
  const ids = (out: string) => (JSON.parse(out) as { id: string }[]).map(({ id }) => id);

  for (const id of ['a', 'b', 'c']) expect((await run('leases', 'create', id, '--label', `name=${id}`)).code).toBe(0);
  expect(ids((await run('leases', 'ls', '-o', 'json', 'labels.name==b', 'id==c')).out)).toEqual(['b', 'c']);
  const first = await run('leases', 'ls', '-o', 'json', '--limit', '2');
  expect(ids(first.out)).toEqual(['a', 'b']);
  const [, cursor = ''] = /--after (\S+)/.exec(first.err) ?? [];
  expect(ids((await run('leases', 'ls', '-o', 'json', '--after', cursor)).out)).toEqual(['c']);
  expect((await run('leases', 'label', 'b', 'name=', 'owner=me')).code).toBe(0);
  expect((await run('leases', 'ls', 'labels.owner==me', '-o', 'wide')).out).toMatch(/\nb .*owner=me\n$/);

  await agent.get(Metadata)?.write('state', (tx) => tx.put(defineCollection('state', 'leases'), 'bb', 'no lease'));
  for (const more of [[], ['--limit', '10']]) {
    const rest = await run('leases', 'ls', '-o', 'json', ...more);
    expect(ids(rest.out)).toEqual(['a', 'b', 'c']);
    expect(rest).toMatchObject({ code: 1, err: expect.stringMatching(/left out: the record "bb" of leases .* db check --repair/) });
  }

  await agent.get(Metadata)?.write('state', (tx) => tx.put(defineCollection('state', 'snapshots'), 'thing/odd', 'no snapshot'));
  expect(await run('snapshots', 'tree')).toMatchObject({ code: 0, err: expect.stringContaining('left out: the record "thing/odd"') });
  await agent.get(Metadata)?.write('state', (tx) => tx.delete(defineCollection('state', 'leases'), 'bb'));

  for (const kind of ['leases', 'snapshots', 'claims', 'attachments']) {
    const wrong = await run(kind, 'ls', 'state=attached');
    if (kind === 'attachments') expect(wrong.code).not.toBe(0); // no engine in this assembly
    else expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/at column 6: there is no operator =.*\[filters\.invalid\]/) });
  }
  expect(await run('plugins', 'ls', 'status~=(')).toMatchObject({ code: 2, err: expect.stringContaining('[filters.invalid]') });
  expect(await run('leases', 'ls', '--limit', '0')).toMatchObject({ code: 2, err: expect.stringContaining('--limit') });
  expect(await run('leases', 'ls', '--after', 'x')).toMatchObject({ code: 2 });
  expect(await run('leases', 'label', 'b', 'owner')).toMatchObject({ code: 2 });
});
