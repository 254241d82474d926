import type { EventInput, Events } from '../../events/events.ts';

/** Events whose publications a test can read. */
export interface RecordedEvents extends Events {
  /** What was published and committed, in the order of commits. */
  readonly published: readonly EventInput[];
}

/** The same exchange (that of `startCore`), and what comes through it. What an aborted transaction said is not told. */
export function recordedEvents(events: Events): RecordedEvents {
  const published: EventInput[] = [];
  return {
    published,
    publish: (tx, event) => {
      events.publish(tx, event);
      tx.afterCommit(() => void published.push(event));
    },
    subscribe: (options) => events.subscribe(options),
    history: (options) => events.history(options),
    cursorAt: (time, signal) => events.cursorAt(time, signal),
    topics: () => events.topics(),
  };
}
