export type * from './api/client.ts';
export { openClient } from './api/open-client.ts';
export type { ConfigReload } from './api/reload.ts';
