import { Metadata } from '@grpc/grpc-js';
import { HawserError } from '@hawser/core';
import { networkErrors } from '@hawser/core/network';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachment, Bench, never, rejection, request, result } from '../testing/bench.ts';
import { toStatus } from '../wire/status.ts';
import { toStruct } from '../wire/struct.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
  await bench.peer.start();
  await bench.boot();
});
afterEach(() => bench[Symbol.asyncDispose]());

const attach = (signal = never) => bench.mode.attach(attachment(), signal);
const asked = (method: string) => bench.peer.calls.filter((call) => call.method === method);

describe('a call', () => {
  it('carries everything that the agent knows, and brings back everything that was answered', async () => {
    bench.peer.does['Mode.Attach'] = (call) => call.answer({ result: { ...result(), dns: { nameservers: ['10.9.0.1'], domain: 'x' } } });
    const given = attachment({ mac: '0a:58:00:00:00:01', pod: { namespace: 'ns', name: 'pod', uid: 'u' } });
    expect(await bench.mode.attach(given, never)).toEqual({
      ...result(),
      dns: { nameservers: ['10.9.0.1'], domain: 'x', search: [], options: [] },
    });
    expect(asked('Mode.Attach')[0]?.request['attachment']).toEqual({
      ...given,
      settings: toStruct(given.settings),
      claims: given.claims.map((claim) => ({ ...claim, data: toStruct(claim.data) })),
    });
  });

  it('tells the process how long it may take', async () => {
    bench.peer.does['Mode.Attach'] = (call) => call.answer({ result: result() });
    await attach();
    expect(asked('Mode.Attach')[0]?.timeoutMs).toBeGreaterThan(25_000);
    expect(asked('Mode.Attach')[0]?.timeoutMs).toBeLessThanOrEqual(30_000);
  });

  it('that is late is ended with an error, and the process is told', async () => {
    bench.peer.does['Mode.Attach'] = () => undefined;
    const attaching = attach();
    const outcome = rejection(attaching);
    await bench.until(() => asked('Mode.Attach').length === 1);
    await bench.context.clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'proxy.deadline', kind: 'DeadlineExceeded' });
    await bench.until(() => asked('Mode.Attach')[0]?.cancelled.aborted === true);
  });

  it('that is given up ends with the caller’s reason, and the process is told', async () => {
    bench.peer.does['Mode.Attach'] = () => undefined;
    const caller = new AbortController();
    const attaching = attach(caller.signal);
    await bench.until(() => asked('Mode.Attach').length === 1);
    const reason = new Error('the client has gone');
    caller.abort(reason);
    await expect(attaching).rejects.toBe(reason);
    await bench.until(() => asked('Mode.Attach')[0]?.cancelled.aborted === true);
  });

  it('that was given up before it began is not made', async () => {
    const reason = new Error('the client has gone');
    await expect(attach(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked('Mode.Attach')).toEqual([]);
  });

  it('in whose midst the process dies is an error at once', async () => {
    bench.peer.does['Mode.Attach'] = () => bench.peer.kill();
    await expect(attach()).rejects.toMatchObject({ code: 'proxy.unreachable' });
  });

  it('under way when the plugin stops is an error at once', async () => {
    bench.peer.does['Mode.Attach'] = () => undefined;
    const outcome = rejection(attach());
    await bench.until(() => asked('Mode.Attach').length === 1);
    const stopping = bench[Symbol.asyncDispose]();
    expect(await outcome).toMatchObject({ code: 'proxy.unreachable' });
    await stopping;
    bench = await Bench.open();
  });

  it('whose answer is too large is an error, and the next one goes on', async () => {
    bench.peer.does['Mode.Attach'] = (call) => call.answerBytes(Buffer.alloc(65 * 1024));
    await expect(attach()).rejects.toMatchObject({ code: 'proxy.too_large', remedy: expect.stringContaining('max_message') });
    bench.peer.does['Mode.Attach'] = (call) => call.answer({ result: result() });
    await expect(attach()).resolves.toMatchObject({ ips: [{ address: '10.9.0.5/24' }] });
  });

  it('that is too large itself is an error', async () => {
    const huge = attachment({ settings: { text: 'x'.repeat(65 * 1024) } });
    await expect(bench.mode.attach(huge, never)).rejects.toMatchObject({ code: 'proxy.too_large' });
  });

  it.each([
    ['garbage', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['text', Buffer.from('<html>')],
    ['nothing', Buffer.alloc(0)],
    ['half a message', Buffer.from([0x0a, 0x20, 0x0a])],
  ])('that is answered with %s is an error', async (_, bytes) => {
    bench.peer.does['Mode.Attach'] = (call) => call.answerBytes(bytes);
    await expect(attach()).rejects.toMatchObject({ code: 'proxy.bad_answer' });
  });
});

describe('the result of an attach', () => {
  it.each([
    ['with an address that is none', { ips: [{ address: '10.9.0.500/24' }] }, 'is no address with a prefix length'],
    ['with a MAC that is none', { interfaces: [{ name: 'eth0', mac: 'nonsense' }] }, 'is no MAC address'],
    ['with a route to nowhere', { routes: [{ dst: 'everywhere' }] }, 'is no address with a prefix length'],
    ['with a gateway that is none', { routes: [{ dst: '0.0.0.0/0', gw: 'router' }] }, 'is no address'],
  ])('%s is a lie that is told', async (_, lie, message) => {
    bench.peer.does['Mode.Attach'] = (call) => call.answer({ result: result(lie) });
    await expect(attach()).rejects.toMatchObject({ code: 'proxy.bad_answer', message: expect.stringContaining(message) });
  });
});

describe('an error of the process', () => {
  const failing = async (status: object): Promise<HawserError> => {
    bench.peer.does['Mode.Check'] = (call) => call.fail(status);
    return bench.mode.check(attachment(), never).then(
      () => expect.fail('it should fail'),
      (error: unknown) => (error instanceof HawserError ? error : expect.fail(String(error))),
    );
  };

  it('arrives as it was thrown: code, kind, message, remedy, details', async () => {
    const error = await failing(
      toStatus(new HawserError('acme.broken', { kind: 'ResourceExhausted', remedy: 'Mend it.' }, 'it is broken', { details: { port: 7 } })),
    );
    expect(error).toMatchObject({
      code: 'acme.broken',
      kind: 'ResourceExhausted',
      message: 'it is broken',
      remedy: 'Mend it.',
      details: { port: 7 },
    });
  });

  it('that the catalogue knows is recognised', async () => {
    expect(networkErrors.checkFailed.is(await failing(toStatus(networkErrors.checkFailed('eth0 is down'))))).toBe(true);
  });

  it('is bounded and on one line', async () => {
    const error = await failing(
      toStatus(new HawserError('acme.long', { kind: 'Internal', remedy: 'a\nb' }, `x\u001b[31m\n${'y'.repeat(5_000)}`)),
    );
    expect(error.message).toMatch(/^x \[31m y{900,1000}…$/);
    expect(error.remedy).toBe('a b');
  });

  it.each([
    [3, 'InvalidArgument'],
    [7, 'PermissionDenied'],
    [2, 'Unknown'],
    [8, 'ResourceExhausted'],
    [13, 'Internal'],
  ])('without details has its status %i as its kind', async (code, kind) => {
    expect(await failing({ code, details: 'no' })).toMatchObject({
      code: 'proxy.call_failed',
      kind,
      message: expect.stringContaining('no'),
    });
  });

  it('that says that a method is missing is an incompatible process', async () => {
    expect(await failing({ code: 12, details: '' })).toMatchObject({
      code: 'proxy.incompatible',
      message: expect.stringContaining('/hawser.mode.v1.Mode/Check'),
    });
  });

  it('of its own that says unavailable loses no connection', async () => {
    expect(await failing({ code: 14, details: 'come again' })).toMatchObject({ code: 'proxy.unreachable' });
    expect(bench.report.status).toBe('ok');
  });

  it.each([
    ['garbage', Buffer.from([1, 2, 3, 255])],
    ['nothing', Buffer.alloc(0)],
    ['too much', Buffer.alloc(20_000)],
    [
      'a code that is none',
      toStatus(new HawserError('Not A Code', { kind: 'Internal', remedy: 'x' }, 'm')).metadata?.get('grpc-status-details-bin')[0] ?? '',
    ],
  ])('whose details are %s is told by its status alone', async (_, trailer) => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', trailer);
    expect(['proxy.call_failed', 'proxy.bad_answer', 'proxy.unreachable']).toContain(
      (await failing({ code: 13, details: 'no', metadata })).code,
    );
  });
});

describe('settings', () => {
  it('are what the process makes of the request', async () => {
    bench.peer.does['Mode.Settings'] = (call) => call.answer({ settings: toStruct({ a: { b: [1, null, 'x', true] } }) });
    expect(await bench.mode.settings?.(request(), never)).toEqual({ a: { b: [1, null, 'x', true] } });
    expect(asked('Mode.Settings')[0]?.request['request']).toMatchObject({
      containerId: 'c',
      network: { settings: toStruct(request().network.settings) },
    });
  });

  it.each([
    ['a number that is none', { fields: { a: { numberValue: Number.NaN } } }],
    ['a value of no kind', { fields: { a: {} } }],
    ['tables without an end', deep(40)],
  ])('with %s are no JSON', async (_, settings) => {
    bench.peer.does['Mode.Settings'] = (call) => call.answer({ settings });
    await expect(bench.mode.settings?.(request(), never)).rejects.toMatchObject({ code: 'proxy.bad_answer' });
  });

  it('that name the prototype of objects are a key like any other, or none', async () => {
    bench.peer.does['Mode.Settings'] = (call) =>
      call.answerBytes(Buffer.from([10, 23, 10, 21, 10, 9, ...Buffer.from('__proto__'), 18, 8, 42, 6, 10, 4, 10, 0, 18, 0]));
    await Promise.resolve(bench.mode.settings?.(request(), never)).catch(() => undefined);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['fields']).toBeUndefined();
  });
});

function deep(levels: number): object {
  return levels === 0 ? {} : { fields: { a: { structValue: deep(levels - 1) } } };
}
