import * as z from 'zod';
import { type Envelope, Events, type Lagged } from '../../events/events.ts';
import { parseDuration } from '../duration.ts';
import { check } from '../route.ts';
import { type AgentView, service } from '../service.ts';

const texts = z.union([z.string(), z.array(z.string())]).transform((value) => (typeof value === 'string' ? [value] : value));
const query = z.strictObject({
  follow: z
    .enum(['true', 'false', ''])
    .default('false')
    .transform((value) => value !== 'false'),
  from: z.string().min(1).max(128).optional(),
  topic: texts.pipe(z.array(z.string().regex(/^\/[a-z0-9/_-]*$/, 'is not a topic, e.g. /attachments')).max(32)).optional(),
});

/**
 * The stream behind `GET /v1/events?follow&from=&topic=`. `from` is `start`, a cursor, or how long ago (`30m`).
 * Without `follow` it is the journal and ends; with it and without `from` it is what comes from now on.
 */
export function openEvents(
  agent: AgentView,
  rawQuery: unknown,
  signal: AbortSignal,
): AsyncIterable<Envelope | Lagged> | Iterable<Envelope> {
  const { follow, from, topic } = check(query, rawQuery, 'query');
  const events = service(agent, Events);
  const cursor = from === undefined ? undefined : startCursor(events, from, agent.clock.now());
  const selection = { ...(topic === undefined ? {} : { topics: topic }), ...(cursor === undefined ? {} : { from: cursor }) };
  return follow ? events.subscribe({ signal, ...selection }) : events.history(selection);
}

/** A duration stands for the cursor of the last event that is older than it. */
function startCursor(events: Events, from: string, now: number): string {
  const ago = parseDuration(from);
  if (ago === undefined) return from;
  const since = new Date(now - ago).toISOString();
  let before = 'start';
  for (const envelope of events.history()) {
    if (envelope.timestamp >= since) break;
    before = envelope.cursor;
  }
  return before;
}
