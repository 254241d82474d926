import { Paths } from '../config/paths.ts';
import { definePlugin } from '../plugin/definition.ts';
import { metadataErrors } from './errors.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { Metadata } from './store.ts';

/** `hawser.metadata.v1.lmdb`. */
export const lmdbMetadata = definePlugin({
  provides: Metadata,
  id: 'lmdb',
  stability: 'beta',
  summary: 'The durable store: two LMDB environments, one synced to disk and one of this boot.',
  errors: metadataErrors,
  requires: { paths: Paths },
  start: async ({ paths, scope, log }) => scope.use(await openMetadata({ root: paths.root, state: paths.state, log })),
});
