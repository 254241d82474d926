import { HawserError, type Tracing } from '@hawser/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachment, Bench, never, rejection } from '../testing/bench.ts';
import { methodOf } from '../wire/proto.ts';
import { healthResponse } from '../wire/shapes.ts';
import { Connection } from './connection.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
  await bench.peer.start();
  await bench.boot();
});
afterEach(() => bench[Symbol.asyncDispose]());

const asked = (method: string) => bench.peer.calls.filter((call) => call.method === method);

describe('detach', () => {
  const detach = (signal = never) => bench.mode.detach(attachment(), signal);
  const settled = async (outcome: Awaited<ReturnType<typeof detach>>) => (outcome ? outcome.settled : undefined);

  it('that is over at once is settled', async () => {
    bench.peer.does['Mode.Detach'] = (call) => {
      call.answer({ settled: true });
      call.end();
    };
    const release = await detach();
    await expect(settled(release)).resolves.toBeUndefined();
  });

  it('that is silent first settles later, whether its caller still waits or not', async () => {
    const later = Promise.withResolvers<void>();
    bench.peer.does['Mode.Detach'] = async (call) => {
      call.answer({});
      await later.promise;
      call.answer({ settled: true });
      call.end();
    };
    const caller = new AbortController();
    const outcome = await detach(caller.signal);
    let isSettled = false;
    const settling = settled(outcome).then(() => (isSettled = true));
    caller.abort(new Error('answered'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isSettled).toBe(false);
    later.resolve();
    await settling;
  });

  it.each([
    ['ends without an answer', 0],
    ['ends without saying that it is settled', 1],
  ])('that %s is an error', async (_, answers) => {
    bench.peer.does['Mode.Detach'] = (call) => {
      for (let count = 0; count < answers; count++) call.answer({});
      call.end();
    };
    await expect(detach().then(settled)).rejects.toMatchObject({ code: 'proxy.bad_answer', message: expect.stringContaining('settled') });
  });

  it('that answers without an end is an error', async () => {
    bench.peer.does['Mode.Detach'] = (call) => {
      for (let count = 0; count < 1_000; count++) call.answer({});
    };
    await expect(detach().then(settled)).rejects.toBeInstanceOf(HawserError);
    await bench.until(() => asked('Mode.Detach')[0]?.cancelled.aborted === true);
  });

  it('that never settles is an error when its deadline is over', async () => {
    bench.peer.does['Mode.Detach'] = (call) => call.answer({});
    const outcome = rejection(settled(await detach()));
    await bench.context.clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'proxy.deadline' });
    await bench.until(() => asked('Mode.Detach')[0]?.cancelled.aborted === true);
  });

  it('in whose midst the process dies is an error', async () => {
    bench.peer.does['Mode.Detach'] = (call) => {
      call.answer({});
      setImmediate(() => setImmediate(() => bench.peer.kill()));
    };
    await expect(detach().then(settled)).rejects.toMatchObject({ code: 'proxy.unreachable' });
  });
});

it('a call carries on the trace that it belongs to', async () => {
  const tracing: Tracing = {
    span: (_name, _fields, work) => work(),
    traceparent: () => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  using connection = new Connection({ address: bench.peer.address, maxMessageBytes: 65_536, clock: bench.context.clock, tracing });
  const method = methodOf('grpc.health.v1.Health', 'Check');
  await connection.unary({ method, message: {}, answer: healthResponse, deadlineMs: 5_000, signal: never });
  expect(asked('Health.Check').at(-1)?.traceparent).toBe(tracing.traceparent?.());
});
