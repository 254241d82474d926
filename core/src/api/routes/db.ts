import { isAbsolute } from 'node:path';
import * as z from 'zod';
import { metadataErrors } from '../../metadata/errors.ts';
import { Metadata } from '../../metadata/store.ts';
import { apiErrors } from '../errors.ts';
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
      await service(agent, Metadata)
        .backup(store, folder, signal)
        .catch((error: unknown) => {
          throw asFolderError(folder, error);
        });
      return answer(201, { store, folder });
    },
  }),
];

/** What a folder can't be made or written for, and who asks can name another one. */
const UNUSABLE = new Set(['EACCES', 'EEXIST', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

/** What the system refuses of the folder that was asked for is no defect of the agent. */
function asFolderError(folder: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return metadataErrors.diskFull(`there is no space in ${folder}`, { cause: error });
  if (!UNUSABLE.has(code)) return error;
  return apiErrors.badRequest(`can't write a copy to ${folder}: ${code}`, {
    cause: error,
    remedy: 'Name an empty or a new folder that the agent can write to.',
    details: { folder },
  });
}
