import { isAbsolute } from 'node:path';
import * as z from 'zod';
import { Metadata } from '../../metadata/store.ts';
import { answer, route, type Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';

const backup = z.strictObject({
  store: z.enum(['root', 'state']),
  folder: z
    .string()
    .max(4_096)
    .refine((folder) => isAbsolute(folder) && !folder.includes('\0'), 'is not an absolute path'),
});

/** Copying waits for the disk. */
const BACKUP_DEADLINE_MS = 600_000;

/** `/v1/db`: the stores' sizes, and a copy of one while it is in use, written by the agent itself. */
export const dbRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/db',
    summary: 'Tell the sizes of the stores',
    answers: { 200: { record: 'StoreStats' } },
    handle: () => service(agent, Metadata).stats(),
  }),
  route({
    method: 'POST',
    path: '/v1/db/backup',
    summary: 'Write a copy of a store to an empty folder of the machine that the agent runs on',
    body: backup,
    answers: { 201: { record: 'Backup' } },
    deadlineMs: BACKUP_DEADLINE_MS,
    handle: async ({ body: { store, folder }, signal }) => {
      await service(agent, Metadata).backup(store, folder, signal);
      return answer(201, { store, folder });
    },
  }),
];
