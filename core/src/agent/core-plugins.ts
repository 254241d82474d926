import { claimsPlugin } from '../claims/claims-plugin.ts';
import { eventsPlugin } from '../events/events-plugin.ts';
import { gcPlugin } from '../gc/gc-plugin.ts';
import { leasesPlugin } from '../leases/leases-plugin.ts';
import { lmdbMetadata } from '../metadata/lmdb-plugin.ts';
import { namespacesPlugin } from '../namespaces/namespaces-plugin.ts';
import { snapshotsPlugin } from '../snapshots/snapshots-plugin.ts';
import { paths } from './paths.ts';

/** What every agent starts with; an assembly puts its own plugins behind these. One that isn't ok stops the boot. */
export const corePlugins = [
  paths,
  lmdbMetadata,
  eventsPlugin,
  namespacesPlugin,
  leasesPlugin,
  snapshotsPlugin,
  gcPlugin,
  claimsPlugin,
] as const;
