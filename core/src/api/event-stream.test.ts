import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { systemContext } from '../context/index.ts';
import { type Envelope, Events, type Lagged } from '../events/events.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { agentView } from './agent-view.fixture.ts';
import { openClient } from './open-client.ts';
import { serveView } from './served-view.fixture.ts';

interface Served extends AsyncDisposable {
  readonly core: TestCore;
  readonly path: string;
  /** Events that streams have taken from their subscriptions. */
  readonly taken: () => number;
}

async function serve(): Promise<Served> {
  await using opening = new AsyncDisposableStack();
  const core = opening.use(await startCore({ context: systemContext }));
  let taken = 0;
  const events: Events = {
    publish: (tx, event) => core.events.publish(tx, event),
    history: (options) => core.events.history(options),
    cursorAt: (time, signal) => core.events.cursorAt(time, signal),
    topics: () => core.events.topics(),
    async *subscribe(options) {
      for await (const item of core.events.subscribe({ ...options, queue: 100 })) {
        taken++;
        yield item;
      }
    },
  };
  const { path } = opening.use(await serveView(agentView(new Map([[Events.id, events]]))));
  const all = opening.move();
  return { core, path, taken: () => taken, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Events of a kilobyte each, a hundred a transaction, with room for others between. */
async function flood(core: TestCore, from: number, to: number): Promise<void> {
  const text = 'x'.repeat(1_000);
  for (let n = from; n < to; n += 100) {
    await core.metadata.write('state', (tx) => {
      for (let one = n; one < n + 100; one++) core.events.publish(tx, { topic: '/test/happened', data: { n: one, text } });
    });
  }
}

async function open(path: string, query: string): Promise<IncomingMessage> {
  const [response] = (await once(request({ socketPath: path, path: `/v1/events?${query}`, agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  return response;
}

test('a client that does not read its stream costs the agent a bounded queue; it is told what it has lost, and gets it again', async () => {
  await using served = await serve();
  const { core, path, taken } = served;
  const response = await open(path, 'follow=true');
  await flood(core, 0, 10_000);
  // What the kernel and the two ends hold of a stream that stands still is some hundred kilobytes.
  expect(taken()).toBeLessThan(2_000);
  const seen: number[] = [];
  let lagged: Lagged | undefined;
  for await (const line of createInterface({ input: response })) {
    const item = JSON.parse(line) as Envelope | Lagged;
    if ('lagged' in item) lagged = item;
    else seen.push(Number(item.data['n']));
    if (seen.at(-1) === 9_999) break;
  }
  response.destroy();
  expect(seen.length + (lagged?.lagged ?? 0)).toBe(10_000);
  expect(seen.slice(-100)).toEqual(Array.from({ length: 100 }, (_, index) => 9_900 + index));
  const again = openClient({ socket: path }).events({ follow: false, from: lagged?.resumeFrom ?? '', signal: AbortSignal.timeout(10_000) });
  let first: number | undefined;
  for await (const item of again) if ('data' in item) first ??= Number(item.data['n']);
  expect(first).toBe(seen.length - 100);
});

test('a client that blocks loses nothing: what it is late with waits in the journal', async () => {
  await using served = await serve();
  const { core, path, taken } = served;
  const response = await open(path, 'follow=true&policy=block');
  await flood(core, 0, 5_000);
  expect(taken()).toBeLessThan(2_000);
  const seen: number[] = [];
  for await (const line of createInterface({ input: response })) {
    seen.push(Number((JSON.parse(line) as Envelope).data['n']));
    if (seen.length === 5_000) break;
  }
  response.destroy();
  expect(seen).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
});

test('topics and filters are evaluated in the agent; a cursor that has expired and a filter that can’t be read are problems', async () => {
  await using served = await serve();
  const { core, path } = served;
  await flood(core, 0, 100);
  const client = openClient({ socket: path });
  const signal = AbortSignal.timeout(10_000);
  const found = await Array.fromAsync(client.events({ follow: false, filters: ['data.n==7', 'data.n==70'], topics: ['/test'], signal }));
  expect(found.map((item) => 'data' in item && item.data['n'])).toEqual([7, 70]);
  const refused = (query: { from?: string; filters?: string[] }) => Array.fromAsync(client.events({ follow: false, signal, ...query }));
  await expect(refused({ filters: ['data.n='] })).rejects.toMatchObject({ code: 'filters.invalid', details: { column: 7 } });
  await expect(refused({ from: 'ffffffff-000000000000' })).rejects.toMatchObject({ code: 'events.invalid_cursor' });
  const topics = await client.eventTopics(signal);
  expect(topics.find(({ topic }) => topic === '/leases/created')).toMatchObject({ type: 'leases.created', schema: { type: 'object' } });
});

test('a client that leaves ends its subscription', async () => {
  await using served = await serve();
  const response = await open(served.path, 'follow=true');
  await flood(served.core, 0, 100);
  await once(response, 'readable');
  response.destroy();
  const before = await settled(served.taken);
  await flood(served.core, 100, 1_000);
  expect(await settled(served.taken)).toBe(before);
});

test('who asks for the head of a stream gets that, and then what else is asked for on the connection', async () => {
  await using served = await serve();
  const connection = connect(served.path);
  connection.write('HEAD /v1/events?follow=true HTTP/1.1\r\nHost: h\r\n\r\n');
  connection.write('GET /v1/version HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  const answers = await text(connection);
  expect(answers.match(/^HTTP.*$|^content-type.*$/gim)).toEqual([
    'HTTP/1.1 200 OK',
    'content-type: application/x-ndjson',
    'HTTP/1.1 200 OK',
    'content-type: application/json; charset=utf-8',
  ]);
});

/** A number when it has stood still for some turns. */
async function settled(read: () => number): Promise<number> {
  for (let [still, last] = [0, read()]; ; still = read() === last ? still + 1 : 0, last = read()) {
    if (still === 20) return last;
    await new Promise(setImmediate);
  }
}
