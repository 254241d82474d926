import * as z from 'zod';
import { startSimulatedAgent } from '../../examples/agent/src/simulated-agent.fixture.ts';

const OpenApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.json())),
  components: z.object({ schemas: z.record(z.string(), z.json()) }),
});

/** The OpenAPI document of the reference agent. */
export type OpenApi = z.infer<typeof OpenApi>;

/** Asks the reference agent for its OpenAPI document. */
export async function openApi(): Promise<OpenApi> {
  await using agent = await startSimulatedAgent();
  return OpenApi.parse(JSON.parse((await agent.get('/v1/openapi.json')).body));
}

/** A table of every metric of the reference agent. */
export async function metricsTable(): Promise<string> {
  await using agent = await startSimulatedAgent();
  const rows = (await agent.metrics()).map(({ name, kind, labels, help }) => [
    `\`${name}\``,
    kind,
    labels.replaceAll(',', ' '),
    help.replaceAll('|', '\\|'),
  ]);
  return ['| metric | kind | labels | |', '|---|---|---|---|', ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');
}

/** `GET /v1/leases/{}` for each operation: what parameters are called is left out. */
export const routesOf = ({ paths }: OpenApi): ReadonlySet<string> =>
  new Set(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`),
    ),
  );
