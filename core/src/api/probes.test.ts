import { request } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { Health } from '../telemetry/health.ts';
import { fakeHealth } from '../testing/doubles/index.ts';
import { agentView } from './agent-view.fixture.ts';
import { serveView } from './served-view.fixture.ts';

async function get(socketPath: string, path: string): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
  const [response] = await once(request({ socketPath, path, agent: false }).end(), 'response');
  return { status: response.statusCode, body: await json(response) };
}

test('probes ask the health plugin as soon as it runs, though the agent waits for another plugin, until the agent stops', async () => {
  const health = fakeHealth();
  let phase: 'starting' | 'ready' | 'stopping';
  await using served = await serveView(agentView(new Map([[Health.id, health]]), { phase: () => phase }));
  health.turn({ name: 'store.state', status: 'failed' });
  for (phase of ['starting', 'ready'] as const) {
    for (const path of ['/livez', '/readyz', '/healthz'])
      expect(await get(served.path, path)).toEqual({
        status: 503,
        body: { status: 'failed', checks: [{ name: 'store.state', status: 'failed' }] },
      });
  }
  phase = 'stopping';
  expect(await get(served.path, '/livez')).toEqual({ status: 200, body: { status: 'ok' } });
});
