import { isAbsolute } from 'node:path';
import * as z from 'zod';
import { Metadata } from '../../metadata/store.ts';
import { answer, check, type Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';

const backup = z.strictObject({
  store: z.enum(['root', 'state']),
  folder: z.string().max(4_096).refine(isAbsolute, 'is not an absolute path'),
});

/** Copying waits for the disk. */
const BACKUP_DEADLINE_MS = 600_000;

/** `/v1/db`: the stores' sizes, and a copy of one while it is in use, written by the agent itself. */
export const dbRoutes = (agent: AgentView): readonly Route[] => [
  { method: 'GET', path: '/v1/db', handle: () => service(agent, Metadata).stats() },
  {
    method: 'POST',
    path: '/v1/db/backup',
    deadlineMs: BACKUP_DEADLINE_MS,
    handle: async ({ body, signal }) => {
      const { store, folder } = check(backup, body, 'body');
      await service(agent, Metadata).backup(store, folder, signal);
      return answer(201, { store, folder });
    },
  },
];
