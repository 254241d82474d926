import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { call } from './harness/cnitool.ts';
import { Inspector } from './harness/inspector.ts';
import { openNetwork } from './harness/network.ts';
import { makeNamespace, type PodNamespace } from './harness/pod-namespace.ts';
import { eventually } from './harness/poll.ts';
import { ours, shared } from './harness/suite.ts';

/** What the agent holds when a rush of pods is over. More addresses than cool down meanwhile. */
const network = shared(['ip', 'nft'], (folder) => openNetwork(folder, 'hwt', { 4: '10.213.0.0/16', 6: 'fd00:213::/64' }));
ours();

const WIDTH = 25;
const MB = 1024;

const pid = (): number => network().agent?.pid ?? expect.fail('there is no agent');

/** Kilobytes that are resident and of no file. */
function anonymousKb(): number {
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]);
}

/** Kilobytes of the stores' files that are resident. */
function mapped(): number {
  const smaps = readFileSync(`/proc/${pid()}/smaps`, 'utf8');
  return [...smaps.matchAll(/\/data\.mdb\n(?:.+\n)*?Rss: +(\d+) kB/g)].reduce((sum, [, kb]) => sum + Number(kb), 0);
}

/** So many pods come and go, some at once. */
async function rush(pods: readonly PodNamespace[], pairs: number): Promise<void> {
  for (let done = 0; done < pairs; done += pods.length) {
    for (const command of ['ADD', 'DEL']) {
      const outcomes = await Promise.all(pods.map((pod) => call(network(), { command, pod, config: { ipMasq: false } })));
      expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
    }
  }
}

async function makePods(): Promise<{ readonly pods: readonly PodNamespace[] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const pods = await Promise.all(Array.from({ length: WIDTH }, async () => stack.use(await makeNamespace())));
  return { pods, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('when a rush of pods is over the pages of the stores are given back', async () => {
  await using made = await makePods();
  await rush(made.pods, 500);
  expect(mapped()).toBeGreaterThan(MB);
  await eventually('the pages of the stores are given back', async () => (mapped() < MB / 2 ? true : undefined));
  await network().nothingLeft();
});

test('pods that came and went leave nothing behind, in V8’s heap or beside it', { timeout: 300_000 }, async () => {
  await using made = await makePods();
  using inspector = await Inspector.open(pid());
  await rush(made.pods, 300);
  const [live, anonymous] = [await inspector.liveBytes(), anonymousKb()];
  await rush(made.pods, 600);
  expect(await inspector.liveBytes()).toBeLessThan(live + 600 * 1024);
  await eventually('it is given back', async () => (anonymousKb() < anonymous + 10 * MB ? true : undefined));
  await network().nothingLeft();
});
