import { afterAll, beforeAll, expect, test } from 'vitest';
import { Gc } from '../gc/gc.ts';
import { Metadata } from '../metadata/store.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { startTestAgent, type TestAgent } from '../testing/agent.ts';
import { hawser } from '../testing/command-line.fixture.ts';
import { emptyCollector } from '../testing/garbage.fixture.ts';

let running: TestAgent;
beforeAll(async () => void (running = await startTestAgent([])));
afterAll(() => running[Symbol.asyncDispose]());

const run = (...words: string[]) => hawser('--socket', running.agent.socket, 'gc', ...words);

test('run says what would go, what is gone and what could not be removed; status what waits', async () => {
  let stuck = true;
  using things = running.get(Snapshots).open({
    type: 'thing',
    store: 'state',
    cleanup: async ({ key }) => {
      if (stuck && key === 'stuck') throw new Error('device busy');
    },
  });
  expect((await run('status')).out).toMatch(
    /^RUNNING: +no\nLAST RUN: .*\nLAST ERROR: +none\nNEXT RUN: +(?:when something changes|20\d\d-.*Z)\n/,
  );
  await running.get(Metadata).write('state', (tx) => {
    for (const key of ['free', 'stuck']) things.prepare(tx, key, { data: {} });
  });
  const planned = await run('run', '--dry-run');
  expect(planned).toMatchObject({ code: 0, err: expect.stringMatching(/^2 would go, \d+ kept, 0 failed, \d+ ms\n$/) });
  expect(planned.out).toMatch(/^NAMESPACE +TYPE +KEY +RESULT +WHY\n(default +thing +(free|stuck) +would go +no root, no lease.*\n){2}$/);

  const done = await run('run');
  expect(done).toMatchObject({ code: 1, err: expect.stringMatching(/^1 removed, \d+ kept, 1 failed, /) });
  expect(done.out).toMatch(/^default +thing +free +removed +/m);
  expect(done.out).toMatch(/^default +thing +stuck +failed +/m);
  expect((await run('status')).out).toMatch(/^CONDEMNED: +default thing\/stuck since .*, waiting, 1 failed: /m);
  stuck = false;
  expect((await run('run')).code).toBe(0);
});

test('forget lets go of a type whose plugin will not come back', async () => {
  const registration = running.get(Gc).register({ ...emptyCollector('card'), refersTo: ['thing'] });
  registration[Symbol.dispose]();
  await running.restart();
  expect((await run('status')).out).toMatch(/^MISSED: +no plugin collects card: no thing is swept$/m);
  expect(await run('forget', 'card')).toMatchObject({ code: 0, err: 'card is not missed any more\n' });
  expect((await run('status')).out).not.toContain('MISSED');
  expect((await run('forget', 'card')).code).toBe(4);
});
