import { expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import type { Envelope } from './events.ts';
import { Subscription } from './subscription.ts';

const envelope = (cursor: string): Envelope => ({
  cursor,
  timestamp: '2026-11-22T00:00:00.000Z',
  namespace: 'default',
  topic: '/things/made',
  type: 'things.made',
  data: {},
});

test('what is delivered after it has been read from the journal, in the turn in which the stream goes live, comes once', async () => {
  const journal = ['a', 'b'].map(envelope);
  const stop = new AbortController();
  const stream = new Subscription({
    signal: stop.signal,
    selector: { topic: () => true, filter: undefined },
    queue: 8,
    policy: 'drop_oldest',
    blockMs: 1_000,
    clock: heldClock(0),
    follow: true,
    replay: { from: undefined },
    position: '',
    read: (after) => ({ events: journal.filter(({ cursor }) => cursor > (after ?? '')) }),
    dropped: () => undefined,
    disconnected: () => undefined,
    ended: () => undefined,
  });
  const seen = [stream.next(), stream.next(), stream.next()];
  for (const cursor of ['b', 'c']) stream.deliver(envelope(cursor));
  expect((await Promise.all(seen)).map(({ value }) => value)).toMatchObject(['a', 'b', 'c'].map((cursor) => ({ cursor })));
  stop.abort(new Error('the test ends'));
});
