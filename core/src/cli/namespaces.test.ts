import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestAgent, type TestAgent } from '../testing/agent.ts';
import { assembly, FakeProcess, hawser } from '../testing/command-line.fixture.ts';
import { hawserMain } from './hawser-main.ts';

let running: TestAgent;
beforeAll(async () => void (running = await startTestAgent([])));
afterAll(() => running[Symbol.asyncDispose]());

const run = (...words: string[]) => hawser('--socket', running.agent.socket, ...words);
const json = async (...words: string[]) => JSON.parse((await run('-o', 'json', ...words)).out);

test('namespaces are made, listed, shown with what they hold, labelled and deleted', async () => {
  expect(await json('namespaces', 'create', 'made', '--label', 'team=net', '--label', 'a=b')).toEqual({
    name: 'made',
    labels: { team: 'net', a: 'b' },
  });
  expect((await run('namespaces', 'ls')).out).toMatch(/^NAME +LABELS\ndefault +-\nmade +team=net,a=b\n$/);
  expect(await json('namespaces', 'ls', 'labels.team==net')).toEqual([{ name: 'made', labels: { team: 'net', a: 'b' } }]);
  expect((await run('namespaces', 'label', 'made', 'a=', 'team=ops')).out).toMatch(/NAME: +made\nLABELS: +team=ops\n/);
  expect((await run('namespaces', 'show', 'made')).out).toMatch(/NAME: +made\nLABELS: +team=ops\nHOLDS: +nothing\n/);
  await run('--namespace', 'made', 'leases', 'create', 'l1');
  expect((await run('namespaces', 'show', 'made')).out).toMatch(/HOLDS: +leases \(1, e\.g\. l1\)\n/);
  expect(await json('namespaces', 'show', 'made')).toMatchObject({ name: 'made', contents: [{ collection: 'leases', count: 1 }] });
  const refused = await run('namespaces', 'delete', 'made');
  expect(refused).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/holds leases \(1, e\.g\. l1\) \[namespaces\.not_empty\]/),
  });
  await run('--namespace', 'made', 'leases', 'delete', 'l1');
  expect(await run('namespaces', 'delete', 'made')).toMatchObject({ code: 0, out: '', err: 'namespace made is deleted\n' });
  expect((await run('namespaces', 'show', 'made')).code).toBe(4);
});

test('--limit and --after go through them', async () => {
  for (const name of ['p1', 'p2']) await run('namespaces', 'create', name);
  const first = await run('namespaces', 'ls', '-o', 'json', '--limit', '2');
  const [, cursor = ''] = /--after (\S+)/.exec(first.err) ?? [];
  expect(await json('namespaces', 'ls', '--after', cursor)).toEqual([{ name: 'p2', labels: {} }]);
  for (const name of ['p1', 'p2']) await run('namespaces', 'delete', name);
});

test('wrong names and labels are told', async () => {
  expect(await run('namespaces', 'create', 'a b')).toMatchObject({ code: 2, err: expect.stringContaining("can't name a namespace") });
  expect(await run('namespaces', 'create', 'default')).toMatchObject({ code: 1, err: expect.stringContaining('already_exists') });
  expect(await run('namespaces', 'create', 'x', '--label', 'y')).toMatchObject({ code: 2 });
  expect(await run('namespaces', 'label', 'none', 'a=b')).toMatchObject({ code: 4, err: expect.stringContaining('unknown_namespace') });
  expect(await run('namespaces', 'delete', 'default')).toMatchObject({ code: 1, err: expect.stringContaining('is_default') });
});

test('--namespace and HAWSER_NAMESPACE name the namespace of what is listed, shown and changed; the option counts more', async () => {
  await run('namespaces', 'create', 'blue');
  const inEnvironment = async (namespace: string, ...words: string[]) => {
    const host = new FakeProcess();
    host.env['HAWSER_NAMESPACE'] = namespace;
    const code = await hawserMain(assembly, ['--socket', running.agent.socket, '-o', 'json', ...words], host);
    return { code, out: host.out, err: host.err };
  };
  const ids = (out: string) => JSON.parse(out).map(({ id, namespace }: { id: string; namespace: string }) => `${namespace} ${id}`);
  await run('leases', 'create', 'here');
  expect(await json('leases', 'create', 'there', '--namespace', 'blue')).toMatchObject({ id: 'there', namespace: 'blue' });
  expect(ids((await inEnvironment('blue', 'leases', 'ls')).out)).toEqual(['blue there']);
  expect(ids((await inEnvironment('', 'leases', 'ls')).out)).toEqual(['default here']);
  expect(ids((await inEnvironment('blue', 'leases', 'ls', '--namespace', 'default')).out)).toEqual(['default here']);
  for (const kind of ['leases', 'snapshots', 'claims'])
    expect(await run('--namespace', 'none', kind, 'ls')).toMatchObject({
      code: 4,
      err: expect.stringContaining('[metadata.unknown_namespace]'),
    });
  expect(await run('--namespace', 'a b', 'leases', 'ls')).toMatchObject({ code: 2, err: expect.stringContaining('--namespace: "a b"') });
  expect(await run('--namespace', '', 'leases', 'ls')).toMatchObject({ code: 2 });
  expect(await inEnvironment('a b', 'leases', 'ls')).toMatchObject({ code: 2, err: expect.stringContaining('HAWSER_NAMESPACE') });
  const told = await run('--namespace', 'blue', 'events', '--from', 'start', '-o', 'json');
  expect(
    told.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).topic),
  ).toEqual(['/namespaces/create', '/leases/created']);
});

test('help and completion know the commands and the option', async () => {
  expect((await run('namespaces', '--help')).out).toMatch(/ls .*show.*create.*label.*delete/s);
  expect((await run('--help')).out).toContain('--namespace <name>');
  const written: string[] = [];
  using _log = vi.spyOn(console, 'log').mockImplementation((text: string) => void written.push(text));
  await hawser('complete', '--', 'namespaces', '');
  await hawser('complete', '--', '--name');
  for (const word of ['ls', 'show', 'create', 'label', 'delete', '--namespace'])
    expect(written.filter((line) => line.startsWith(`${word}\t`) || line === word)).toHaveLength(1);
});
