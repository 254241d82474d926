import * as z from 'zod';
import { describeTopics } from '../../events/describe-topics.ts';
import { type Envelope, Events, type Lagged } from '../../events/events.ts';
import { parseFilter, printFilter } from '../../filters/index.ts';
import { parseDuration } from '../duration.ts';
import { asList } from '../list-query.ts';
import { check, route, type Route, type RouteDescription } from '../route.ts';
import { namespaceName } from '../scope.ts';
import { type AgentView, service } from '../service.ts';

const query = z.strictObject({
  follow: z
    .enum(['true', 'false', ''])
    .default('false')
    .transform((value) => value !== 'false'),
  from: z.string().min(1).max(128).optional(),
  topic: z.preprocess(asList, z.array(z.string().regex(/^\/[a-z0-9/_-]*$/, 'is not a topic, e.g. /attachments')).max(32)).default([]),
  filter: z.preprocess(asList, z.array(z.string()).max(32)).default([]),
  policy: z.enum(['drop_oldest', 'block', 'disconnect']).default('drop_oldest'),
  /** Of every namespace unless told. One that is not there has its events too: the journal outlives it. */
  namespace: namespaceName.optional(),
});

/** The stream, which the server serves apart from its routes: it has no end and no deadline. */
export const eventStream = {
  method: 'GET',
  path: '/v1/events',
  summary: 'Stream events, one in a line: the journal, what comes, or both without a gap; an error on the way is the last line',
  query,
  answers: { 200: { record: 'EventLine', media: 'application/x-ndjson' } },
} as const satisfies RouteDescription;

/**
 * The stream behind `GET /v1/events?follow&from=&topic=&filter=&policy=&namespace=`. `from` is `start`, a cursor, or how long ago
 * (`30m`). Without `follow` it is the journal and ends; with it and without `from` it is what comes from now on.
 */
export async function openEvents(
  agent: AgentView,
  rawQuery: unknown,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<Envelope | Lagged>> {
  const { follow, from, topic, filter, policy, namespace } = check(query, rawQuery, 'query');
  const events = service(agent, Events);
  const cursor = from === undefined ? {} : { from: await toCursor(agent, events, from, signal) };
  const filters = namespace === undefined ? filter : inNamespace(filter, namespace);
  return events.subscribe({ signal, topics: topic, filters, follow, policy, ...cursor });
}

/** Each filter with the namespace besides what it asks for; that alone where there is none. */
function inNamespace(filters: readonly string[], namespace: string): readonly string[] {
  const wanted = printFilter({ selectors: [{ path: ['namespace'], operator: '==', value: namespace }] });
  return filters.length === 0 ? [wanted] : filters.map((filter) => `${printFilter(parseFilter(filter))},${wanted}`);
}

/** A duration stands for the cursor of the last event that is older than it. */
async function toCursor(agent: AgentView, events: Events, from: string, signal: AbortSignal): Promise<string> {
  const ago = parseDuration(from);
  return ago === undefined ? from : await events.cursorAt(agent.clock.now() - ago, signal);
}

/** `/v1/events/topics`: what may come, with the JSON Schema of its data. */
export const eventRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/events/topics',
    summary: 'List the topics of events, with the JSON Schema of their data',
    answers: { 200: { record: 'TopicList' } },
    handle: () => describeTopics(service(agent, Events).topics()),
  }),
];
