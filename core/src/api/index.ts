export type { Client } from './client.ts';
export { apiErrors } from './errors.ts';
export { openClient } from './open-client.ts';
export { fromProblem, type Problem, toProblem } from './problem.ts';
export { type ApiOptions, type ApiServer, serveApi } from './server.ts';
export type { AgentView } from './service.ts';
export { type AttachmentView, attachmentView, type SnapshotView, snapshotView } from './views.ts';
