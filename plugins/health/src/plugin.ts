import {
  definePlugin,
  duration,
  healthPage,
  isVerbose,
  type Page,
  type Pages,
  parseTcpAddress,
  servePages,
  tcpAddress,
} from '@hawser/core';
import { AgentState, Gc, Health, type HealthReport, Metadata, Metrics, observeWhole } from '@hawser/core/contracts';
import * as z from 'zod';
import { healthErrors } from './errors.ts';
import { Monitor } from './monitor.ts';

const config = z.strictObject({
  address: tcpAddress()
    .optional()
    .describe(
      'Serves /livez, /readyz, /healthz and /metrics there too, for everybody who reaches the address; only on the agent’s socket unless told',
    ),
  grpc_address: z
    .string()
    .max(256)
    .refine(
      (text) => /^unix:\/\/\/.+/.test(text) || parseTcpAddress(text) !== undefined,
      'expected unix:///path, or an address with a port',
    )
    .optional()
    .describe('Serves grpc.health.v1.Health there: unix:///path, or an address with a port'),
  interval: duration({ min: '10ms', max: '1h' }).prefault('10s').describe("From one look to the next; each writes to the boot's store"),
  durable_interval: duration({ min: '10ms', max: '1d' })
    .prefault('1m')
    .describe('From one write to the durable store to the next; each flushes the disk'),
  store_deadline: duration({ min: '10ms', max: '1h' })
    .prefault('30s')
    .describe('How long a commit may take before the agent counts as dead'),
  collection_grace: duration({ min: '1s' }).prefault('2m').describe('How late a due collection may begin before the agent counts as dead'),
});

/** `hawser.health.v1.monitor` */
export const health = definePlugin({
  provides: Health,
  id: 'monitor',
  stability: 'beta',
  summary: 'Tells whether the agent gets on: stores, collection, workers and plugins.',
  config,
  errors: healthErrors,
  requires: { metadata: Metadata, gc: Gc, agent: AgentState.optional(), metrics: Metrics.optional() },
  async start({ config: settings, metadata, gc, agent, metrics, clock, log, scope }) {
    const monitor = new Monitor({
      metadata,
      gc,
      agent,
      clock,
      log,
      intervalMs: settings.interval,
      durableIntervalMs: settings.durable_interval,
      storeDeadlineMs: settings.store_deadline,
      collectionGraceMs: settings.collection_grace,
    });
    scope.use(monitor);
    scope.spawn('beat', async () => monitor.beat(), { everyMs: settings.interval });
    if (metrics !== undefined) scope.use(observe(metrics, monitor));
    if (settings.address !== undefined) scope.use(await servePages(settings.address, pagesOf(monitor, metrics)));
    if (settings.grpc_address !== undefined) {
      // gRPC is as heavy as the rest of the agent; only who serves it loads it.
      const { serveGrpcHealth } = await import('./grpc-health.ts');
      scope.use(await serveGrpcHealth(settings.grpc_address, monitor));
    }
    return monitor;
  },
});

function pagesOf(monitor: Health, metrics: Metrics | undefined): Pages {
  const page =
    (answer: () => HealthReport) =>
    (query: URLSearchParams): Page => {
      const { status, body } = healthPage(answer(), isVerbose(query.get('verbose')));
      return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
    };
  return {
    '/livez': page(() => monitor.live()),
    '/readyz': page(() => monitor.ready()),
    '/healthz': page(() => monitor.healthy()),
    ...(metrics === undefined ? {} : { '/metrics': () => metricsPage(metrics) }),
  };
}

async function metricsPage(metrics: Metrics): Promise<Page> {
  const { contentType, text } = await metrics.expose();
  return { status: 200, contentType, body: text };
}

function observe(metrics: Metrics, monitor: Health): Disposable {
  const answers = metrics.gauge({
    name: 'hawser_health_answer_state',
    help: '1 where the agent is live, ready, healthy; else 0.',
    labels: ['question'],
  });
  return observeWhole(metrics, [answers], () => {
    for (const question of ['live', 'ready', 'healthy'] as const) answers.set(monitor[question]().ok ? 1 : 0, { question });
  });
}
