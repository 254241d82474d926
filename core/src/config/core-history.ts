import type { History } from './migrate.ts';

/** The config version that this release writes, and the newest that it reads. */
export const CONFIG_VERSION = 1;

/** How a file of an older version becomes one of the next; each gets a whole file, tables of plugins and all. */
export const coreHistory: History = { current: CONFIG_VERSION, migrations: {} };
