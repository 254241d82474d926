import { afterAll, beforeAll, expect, test } from 'vitest';
import { Attachments } from '../network/attachments.ts';
import { type TestAgent, startTestAgent } from '../testing/agent.ts';
import { hawser } from '../testing/command-line.fixture.ts';
import { FakeAttachments } from '../testing/doubles/fake-attachments.ts';
import { fakePlugin } from '../testing/doubles/fake-plugin.ts';

const LONG = '3f9c'.repeat(16);
const engine = new FakeAttachments();
let running: TestAgent;
beforeAll(async () => {
  running = await startTestAgent([fakePlugin(Attachments, 'engine', engine)]);
  for (const [containerId, ifname] of [
    [LONG, 'eth0'],
    ['web', 'eth0'],
    ['web', 'net1'],
    ['web2', 'eth0'],
  ] as const) {
    const network = { name: 'pods', settings: {}, capabilities: {} };
    const request = { containerId, ifname, netns: `/run/netns/${containerId}`, network, staticIps: [] };
    await engine.attach(request, { signal: new AbortController().signal, requestId: 'test' });
  }
  engine.calls.length = 0;
});
afterAll(() => running[Symbol.asyncDispose]());

const run = (...words: string[]) => hawser('--socket', running.agent.socket, 'attachments', ...words);

test('people see the digits that tell containers apart, all of them with -o wide', async () => {
  const { out } = await run('ls', 'ifname==eth0', 'containerId==none');
  expect(out).toMatch(
    /^CONTAINER +IF +NETWORK +MODE +STATE +IPS +POD +CREATED\n3f9c3f9c3f9c +eth0 +pods +fake +attached +10\.0\.0\.5\/24 +- +2026/,
  );
  expect((await run('ls', '-o', 'wide')).out).toMatch(new RegExp(` ${LONG} +/run/netns/${LONG} +- +eth0$`, 'm'));
});

test.each([
  [['3f9c'], `CONTAINERID: +${LONG}\nIF: +eth0\n`],
  [['web2'], 'CONTAINERID: +web2\nIF: +eth0\n'],
  [['web', 'net1'], 'CONTAINERID: +web\nIF: +net1\n'],
  [['web/eth0'], 'CONTAINERID: +web\nIF: +eth0\n'],
])('show %j finds the one that is meant, whose id is whole before one that only begins so', async (words, shown) => {
  expect(await run('show', ...words)).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^${shown}NETWORK: +pods\n`)) });
});

test('what may mean several, or none, changes nothing', async () => {
  expect(await run('detach', 'web')).toMatchObject({ code: 2, err: expect.stringContaining('web can be web/eth0 or web/net1') });
  expect(await run('detach', 'we', 'eth0')).toMatchObject({ err: expect.stringContaining('we can be web/eth0 or web2/eth0') });
  expect(await run('detach', 'web', 'eth7')).toMatchObject({ code: 4, err: expect.stringContaining('there is no attachment web/eth7') });
  expect(engine.calls).toEqual([]);
});

test('check and detach are about the one that was found', async () => {
  expect(await run('check', 'web2')).toMatchObject({ code: 0, out: 'web2/eth0  is as it was made\n' });
  expect(await run('detach', '3f', '-o', 'json')).toMatchObject({ code: 0, err: `${LONG}/eth0 is detached\n` });
  expect(engine.calls).toEqual(['check web2/eth0', `detach ${LONG}/eth0`]);
  expect((await run('show', '3f')).code).toBe(4);
});
