import { Paths } from '../config/paths.ts';
import { definePlugin } from '../plugin/definition.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { HawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { openTracing, tracedCalls } from '../telemetry/tracing.ts';
import { Metadata } from './store.ts';

/**
 * How often it is looked whether the stores' files are still there: two calls of `stat`. An agent that is killed between their deletion
 * and the look has lost its books.
 */
const LOOK_MS = 500;

/** `hawser.metadata.v1.lmdb`. */
export const lmdbMetadata = definePlugin({
  provides: Metadata,
  id: 'lmdb',
  stability: 'beta',
  summary: 'The durable store: two LMDB environments, one synced to disk and one of this boot.',
  errors: metadataErrors,
  requires: { paths: Paths, metrics: Metrics.optional() },
  start: async ({ paths, metrics, clock, scope, log, status }) => {
    // The database is loaded by who opens one, not by who lists plugins.
    const { openMetadata } = await import('./lmdb-metadata.ts');
    const meter = metrics === undefined ? {} : { meter: { metrics, clock } };
    const tracing = await openTracing();
    const carried = tracing?.carry === undefined ? {} : { carry: tracing.carry };
    const metadata = scope.use(await openMetadata({ root: paths.root, state: paths.state, log, ...meter, ...carried }));
    if (metrics !== undefined) {
      const { observeStores } = await import('./store-metrics.ts');
      scope.use(observeStores(metrics, metadata));
    }
    let told: HawserError | undefined;
    const look = async (): Promise<void> => {
      const fault = await metadata.lookAfter();
      if (fault !== undefined && fault !== told) status.degraded(fault);
      told = fault;
    };
    scope.spawn('files', look, { everyMs: LOOK_MS });
    if (tracing === undefined) return metadata;
    const fields = (method: string, [store]: readonly unknown[]) => (method === 'write' ? { store: String(store) } : undefined);
    return tracedCalls(tracing, 'metadata', metadata, fields, { apart: true });
  },
});
