import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/index.ts';
import { renderBootTree } from './boot-tree.ts';
import { type AnyPlugin, definePlugin, type StatusReporter } from './definition.ts';
import { boot } from './boot.ts';
import { defineToken } from './token.ts';

const A = defineToken<string>()('test.a.v1');
const B = defineToken<string>()('test.b.v1');

/** A plugin that serves before it is ready, one that requires it, and the former's word. */
async function start(begin: (status: StatusReporter) => void = (status) => status.pending('waits for the cloud')) {
  const context = testContext();
  const lines: string[] = [];
  let word: StatusReporter | undefined;
  const plugins: readonly AnyPlugin[] = [
    definePlugin({
      provides: A,
      id: 'slow',
      summary: 'Is ready later.',
      start: ({ status }) => {
        word = status;
        begin(status);
        return 'a';
      },
    }),
    definePlugin({ provides: B, id: 'user', summary: 'Uses it.', requires: { a: A }, start: ({ a }) => `got ${a}` }),
  ];
  const none = new Set<string>();
  const kernel = await boot({
    plugins,
    context,
    config: { settings: new Map(), configured: none, disabled: none, required: new Set(['test.a.v1.slow']) },
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
  });
  return { kernel, lines, clock: context.clock, word: word ?? expect.fail('it did not start') };
}

const never = new AbortController().signal;

describe('a plugin that is ready later', () => {
  it('serves meanwhile: who requires it starts, and the boot does not wait', async () => {
    const { kernel } = await start();
    expect(kernel.get(B)).toBe('got a');
    expect(kernel.reports()[0]).toMatchObject({ status: 'pending', reason: 'waits for the cloud' });
    expect(renderBootTree(kernel.reports(), kernel.bootMs)).toContain('test.a.v1.slow  pending  0 ms  waits for the cloud');
  });

  it('is what the readiness of all waits for, named meanwhile', async () => {
    const { kernel, clock, lines, word } = await start();
    let ready = false;
    const waiting = kernel.whenReady(never).then(() => (ready = true));
    await clock.advance(2500);
    expect([ready, lines.filter((line) => line.includes('not ready yet: test.a.v1.slow (waits for the cloud)'))]).toEqual([
      false,
      [expect.any(String)],
    ]);
    word.pending('waits for its last address');
    expect(kernel.reports()[0]?.reason).toBe('waits for its last address');
    word.ok();
    await waiting;
    expect(kernel.reports()[0]).toMatchObject({ status: 'ok' });
    expect(kernel.reports()[0]).not.toHaveProperty('reason');
    await kernel.whenReady(never);
  });

  it('is ready when it says that it is degraded, and is not pending again', async () => {
    const { kernel, word } = await start();
    word.degraded(new Error('half of it'));
    await kernel.whenReady(never);
    word.pending('again');
    expect(kernel.reports()[0]).toMatchObject({ status: 'degraded', error: { message: 'half of it' } });
    word.ok();
    expect(kernel.reports()[0]?.status).toBe('ok');
  });

  it('that becomes ready within its start never was pending', async () => {
    const { kernel } = await start((status) => {
      status.pending('a moment');
      status.ok();
    });
    expect(kernel.reports()[0]?.status).toBe('ok');
  });

  it('does not hold up who gives up waiting, nor the stop', async () => {
    const { kernel } = await start();
    const abort = new AbortController();
    const waiting = kernel.whenReady(abort.signal);
    abort.abort(new Error('SIGTERM'));
    await expect(waiting).rejects.toThrow('SIGTERM');
    expect((await kernel.stop('test')).errors).toEqual([]);
    expect(kernel.reports().map(({ status }) => status)).toEqual(['stopped', 'stopped']);
  });
});
