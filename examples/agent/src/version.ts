import { packageVersion } from '@hawser/core/cli';

/** Version of the reference agent. */
export const version: string = packageVersion(import.meta.url);
