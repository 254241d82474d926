import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Events } from '../events/events.ts';
import { Metadata } from '../metadata/store.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { countedMetrics } from '../testing/counted.ts';
import { agentView } from './agent-view.fixture.ts';
import { serveView } from './served-view.fixture.ts';
import { events } from './services.fixture.ts';

const ask = (line: string): string => `${line} HTTP/1.1\r\nHost: h\r\n\r\n`;

async function opened(path: string, request: string): Promise<Socket> {
  const connection = connect(path);
  connection.write(request);
  await once(connection, 'data');
  return connection;
}

test('every request is counted once, when it has ended: answered, refused, or left by its client as most streams are', async () => {
  const metrics = countedMetrics();
  const counted = (method: string, route: string, status: number): number | undefined =>
    metrics.values.get(`hawser_api_requests_total{method="${method}",route="${route}",status="${status}"}`);
  const services = new Map<string, unknown>([
    [Metrics.id, metrics],
    [Events.id, events],
    [Metadata.id, { backup: () => new Promise(() => undefined) }],
  ]);
  await using served = await serveView(agentView(services));
  const stream = await opened(served.path, ask('GET /v1/events?follow=true'));
  const answered = await opened(served.path, ask('GET /v1/version') + ask('GET /nothing') + 'GET /v1/version HTTP/1.1\r\n\r\n');
  await expect.poll(() => counted('GET', '/v1/version', 400)).toBe(1);
  expect([counted('GET', '/v1/version', 200), counted('GET', 'none', 404), counted('GET', '/v1/events', 200)]).toEqual([1, 1, undefined]);
  answered.destroy();
  stream.destroy();
  await expect.poll(() => counted('GET', '/v1/events', 200)).toBe(1);
  const gone = connect(served.path);
  const body = JSON.stringify({ store: 'root', folder: '/nowhere' });
  gone.write(`POST /v1/db/backup HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  setImmediate(() => gone.destroySoon());
  await expect.poll(() => counted('POST', '/v1/db/backup', 499)).toBe(1);
  const durations = [...metrics.values].filter(([name]) => name.startsWith('hawser_api_request_duration_seconds'));
  expect(durations.map(([, count]) => count)).toEqual([1, 1, 1, 1, 1]);
});
