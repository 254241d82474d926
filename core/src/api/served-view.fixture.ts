import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemRandom } from '../context/index.ts';
import { serveApi } from './server.ts';
import type { AgentView } from './service.ts';

/** The API at a socket of its own. */
export interface ServedView extends AsyncDisposable {
  readonly path: string;
  /** The folder of the socket, gone when it is disposed of. */
  readonly folder: string;
}

export async function serveView(agent: AgentView): Promise<ServedView> {
  await using starting = new AsyncDisposableStack();
  const folder = starting.adopt(await mkdtemp(join(tmpdir(), 'hwt-api-')), (path) => rm(path, { recursive: true }));
  const path = join(folder, 's');
  starting.use(await serveApi({ agent, path, log: pino({ level: 'silent' }), random: systemRandom }));
  const running = starting.move();
  return { path, folder, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
