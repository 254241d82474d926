import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeAttachments } from '@hawser/core/testing';
import { until, untilAborted } from '../testing/fakes.ts';
import { CONFIG, frame, serve, type Served } from '../testing/served.ts';

let served: Served;
let attachments: FakeAttachments;
const call: Served['call'] = (...call) => served.call(...call);
const open: Served['open'] = () => served.open();

beforeEach(async () => {
  served = await serve();
  ({ attachments } = served);
});

afterEach(async () => {
  await served[Symbol.asyncDispose]();
});

describe('limits', () => {
  test('tell calls beyond them to try again, and answer STATUS all the same', async () => {
    await served[Symbol.asyncDispose]();
    served = await serve({ max_calls: 2 });
    ({ attachments } = served);
    const { promise, resolve } = Promise.withResolvers<void>();
    attachments.beforeAttach = () => promise;
    const busy = ['c1', 'c2'].map((CNI_CONTAINERID) => call('ADD', CONFIG, { CNI_CONTAINERID }));
    await until(() => attachments.calls.length === 2);
    expect(await call('ADD')).toMatchObject({ code: 11, json: { code: 11, msg: expect.stringContaining('try again') } });
    expect(await call('STATUS', { ...CONFIG, cniVersion: '1.1.0' })).toMatchObject({ code: 0 });
    resolve();
    expect((await Promise.all(busy)).map(({ code }) => code)).toEqual([0, 0]);
  });

  test('refuse connections without reading them when there are too many', async () => {
    await served[Symbol.asyncDispose]();
    served = await serve({ max_calls: 1 });
    const mute = Array.from({ length: 257 }, () => open());
    await until(() => served.context.clock.waiting === 257);
    expect(await call('STATUS', { ...CONFIG, cniVersion: '1.1.0' })).toMatchObject({ code: 11 });
    for (const { socket } of mute) socket.destroy();
    await served.service.drained();
    expect(await call('STATUS', { ...CONFIG, cniVersion: '1.1.0' })).toMatchObject({ code: 0 });
  });
});

test('a request that does not arrive in time is told so', async () => {
  const { answer } = open();
  await until(() => served.context.clock.waiting === 1);
  await served.context.clock.advance(5_000);
  expect(await answer).toMatchObject({ exitCode: 5, body: expect.stringContaining('did not arrive in time') });
});

describe('garbage', () => {
  test('gets an error and a close', async () => {
    const { socket, answer } = open();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await answer).toMatchObject({ exitCode: 6, body: expect.stringContaining('"code":6') });
  });

  test('after a request cancels it', async () => {
    attachments.beforeAttach = untilAborted;
    const { socket, answer } = open();
    socket.write(frame('ADD'));
    await until(() => attachments.calls.length === 1);
    socket.write('x');
    expect(await answer).toMatchObject({ exitCode: 11 });
  });

  test('of any kind never takes the endpoint down', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), fc.boolean(), async (chunks, ours) => {
        const { socket, answer } = open();
        if (ours) socket.write('HCNI\x01\0\0\0');
        for (const chunk of chunks) socket.write(chunk);
        socket.end();
        const response = await answer;
        expect(response?.exitCode ?? 1).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
    expect(await call('DEL')).toMatchObject({ code: 0 });
  });
});
