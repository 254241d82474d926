import { createRequire } from 'node:module';

/** Version of @hawser/core. */
export const coreVersion: string = createRequire(import.meta.url)('../package.json').version;
