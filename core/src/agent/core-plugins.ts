import { lmdbMetadata } from '../metadata/lmdb-plugin.ts';
import { paths } from './paths.ts';

/** What every agent starts with; an assembly puts its own plugins behind these. */
export const corePlugins = [paths, lmdbMetadata] as const;
