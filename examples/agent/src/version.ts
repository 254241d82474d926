import { createRequire } from 'node:module';

/** Version of the reference agent. */
export const version: string = createRequire(import.meta.url)('../package.json').version;
