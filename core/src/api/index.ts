export { apiErrors } from './errors.ts';
export { openClient } from './open-client.ts';
export type { ConfigReload } from './reload.ts';
export type { ApiServer } from './server.ts';
export type { AgentView } from './service.ts';
