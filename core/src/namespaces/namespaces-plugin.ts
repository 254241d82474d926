import { Events } from '../events/events.ts';
import { Namespaces } from '../metadata/namespaces.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { namespaceErrors } from './errors.ts';
import { NamespaceStore } from './namespace-store.ts';
import { namespaceTopics } from './topics.ts';

/** `hawser.namespaces.v1.store`. */
export const namespacesPlugin = definePlugin({
  provides: Namespaces,
  id: 'store',
  stability: 'beta',
  summary: 'The namespaces of both stores, with labels; only an empty one can be deleted.',
  errors: namespaceErrors,
  topics: namespaceTopics,
  requires: { metadata: Metadata, events: Events, metrics: Metrics.optional() },
  start: ({ metadata, events, metrics }) => new NamespaceStore({ metadata, events, ...(metrics === undefined ? {} : { metrics }) }),
});
