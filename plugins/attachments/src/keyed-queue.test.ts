import { describe, expect, test } from 'vitest';
import { KeyedQueue } from './keyed-queue.ts';

const { signal } = new AbortController();
const queue = (limit = 8) => new KeyedQueue(limit, (key) => new Error(`too many calls for ${key}`));

describe('KeyedQueue', () => {
  test('calls of one key run one after the other, in order of arrival', async () => {
    const calls = queue();
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = calls.run('a', signal, async () => {
      log.push('first begins');
      await gate.promise;
      log.push('first ends');
    });
    const second = calls.run('a', signal, async () => void log.push('second'));
    const other = calls.run('b', signal, async () => void log.push('other key'));
    await other;
    expect(log).toEqual(['first begins', 'other key']);
    gate.resolve();
    await Promise.all([first, second]);
    expect(log).toEqual(['first begins', 'other key', 'first ends', 'second']);
  });

  test('a call that fails lets the next one run and nothing is kept for an idle key', async () => {
    const calls = queue();
    await expect(calls.run('a', signal, async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await calls.run('a', signal, async () => 1)).toBe(1);
    await Promise.resolve();
    expect(calls.size).toBe(0);
  });

  test('a waiting call leaves when its signal aborts, and does not let a later one overtake the running one', async () => {
    const calls = queue();
    const gate = Promise.withResolvers<void>();
    const log: string[] = [];
    const running = calls.run('a', signal, async () => {
      await gate.promise;
      log.push('running ended');
    });
    const controller = new AbortController();
    const waiting = calls.run('a', controller.signal, async () => void log.push('never'));
    const last = calls.run('a', signal, async () => void log.push('last'));
    controller.abort(new Error('client gone'));
    await expect(waiting).rejects.toThrow('client gone');
    expect(log).toEqual([]);
    gate.resolve();
    await Promise.all([running, last]);
    expect(log).toEqual(['running ended', 'last']);
  });

  test('one more than the limit is refused at once', async () => {
    const calls = queue(2);
    const gate = Promise.withResolvers<void>();
    const first = calls.run('a', signal, async () => gate.promise);
    const second = calls.run('a', signal, async () => {});
    await expect(calls.run('a', signal, async () => {})).rejects.toThrow('too many calls for a');
    gate.resolve();
    await Promise.all([first, second]);
  });

  test('only calls that are there count: a key that is never idle takes any number of them, one after the other', async () => {
    const calls = queue(2);
    const gates = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
    let running = calls.run('a', signal, () => Promise.resolve());
    for (const gate of gates) {
      const next = calls.run('a', signal, () => gate.promise);
      await running;
      gate.resolve();
      running = next;
    }
    await running;
  });

  test('a call that gave up waiting makes room at once', async () => {
    const calls = queue(2);
    const gate = Promise.withResolvers<void>();
    const first = calls.run('a', signal, () => gate.promise);
    const controller = new AbortController();
    const waiting = calls.run('a', controller.signal, async () => {});
    controller.abort(new Error('client gone'));
    await expect(waiting).rejects.toThrow('client gone');
    const last = calls.run('a', signal, async () => 'ran');
    gate.resolve();
    await first;
    expect(await last).toBe('ran');
  });
});
