import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { plugins } from '@hawser/agent';
import { loadConfig, systemContext } from '@hawser/core';
import { startAgent } from '@hawser/core/agent';
import { pino } from 'pino';
import * as z from 'zod';

const OpenApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.json())),
  components: z.object({ schemas: z.record(z.string(), z.json()) }),
});

/** The OpenAPI document of the reference agent. */
export type OpenApi = z.infer<typeof OpenApi>;

/** Starts the reference agent on a model of a kernel, asks it for its OpenAPI document, and stops it. */
export async function openApi(): Promise<OpenApi> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-docs-'));
  try {
    const file = join(folder, 'config.toml');
    const lines = ['version = 1', `root = "${folder}/root"`, `state = "${folder}/state"`, 'disabled = ["hawser.host.v1.linux"]'];
    await writeFile(file, [...lines, '[plugins."hawser.host.v1.simulated"]'].join('\n'));
    const config = await loadConfig({ file, plugins, missingOk: false, environment: {} });
    const agent = await startAgent({ name: 'hawser', version: '0', config, context: systemContext, log: pino({ level: 'silent' }) });
    try {
      return OpenApi.parse(JSON.parse(await get(agent.socket, '/v1/openapi.json')));
    } finally {
      await agent.stop('the document is there');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `GET /v1/leases/{}` for each operation: what parameters are called is left out. */
export const routesOf = ({ paths }: OpenApi): ReadonlySet<string> =>
  new Set(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`),
    ),
  );

function get(socketPath: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ socketPath, path }, (response) => void text(response).then(resolve, reject))
    .on('error', reject)
    .end();
  return promise;
}
