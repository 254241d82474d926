export { openClient } from './open-client.ts';
export type { ApiServer } from './server.ts';
export type { AgentView } from './service.ts';
