import { Paths } from '../config/paths.ts';
import { definePlugin } from '../plugin/definition.ts';
import { metadataErrors } from './errors.ts';
import { Metadata } from './store.ts';

/** `hawser.metadata.v1.lmdb`. */
export const lmdbMetadata = definePlugin({
  provides: Metadata,
  id: 'lmdb',
  stability: 'beta',
  summary: 'The durable store: two LMDB environments, one synced to disk and one of this boot.',
  errors: metadataErrors,
  requires: { paths: Paths },
  start: async ({ paths, scope, log }) => {
    // The database is loaded by who opens one, not by who lists plugins.
    const { openMetadata } = await import('./lmdb-metadata.ts');
    return scope.use(await openMetadata({ root: paths.root, state: paths.state, log }));
  },
});
