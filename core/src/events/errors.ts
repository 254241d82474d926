import { defineErrors } from '../errors/index.ts';

/** The events' part of the error catalogue. */
export const eventErrors = defineErrors('events', {
  invalidCursor: { kind: 'InvalidArgument', remedy: "Use a cursor from an event of this agent, or 'start'." },
  cursorExpired: {
    kind: 'OutOfRange',
    remedy:
      "Go on from the cursor under `oldest`, or from 'start'; let `max_age` or `max_size` of the journal be more to keep events longer.",
  },
  invalidQueue: {
    kind: 'InvalidArgument',
    remedy: 'Let at least 1 and at most 1,000,000 events wait, for at least 1 ms and at most a day.',
  },
  invalidTopic: { kind: 'InvalidArgument', remedy: 'This is a defect of a plugin: name topics like `/area/verb` in lower case.' },
  closed: { kind: 'Unavailable', remedy: 'The agent is stopping: subscribe again when it is up.' },
});
