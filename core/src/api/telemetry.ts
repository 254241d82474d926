import type { FastifyInstance } from 'fastify';
import { type Counter, type Histogram, Metrics } from '../telemetry/metrics.ts';
import { apiErrors } from './errors.ts';
import type { RouteDescription } from './route.ts';
import type { AgentView } from './service.ts';
import { whenEnded } from './when-ended.ts';

interface Recorded {
  readonly metrics: Metrics;
  readonly requests: Counter;
  readonly duration: Histogram;
}

const LABELS = ['method', 'route', 'status'] as const;

/** What the plugin of metrics exposes. */
export const metricsPage = {
  method: 'GET',
  path: '/metrics',
  summary: 'Expose the metrics in the text format of Prometheus',
  answers: { 200: { record: 'Metrics', media: 'text/plain' } },
} as const satisfies RouteDescription;

/** What an answer is counted under whose client has gone before it began. */
const GONE = 499;

/**
 * The metrics of the API itself, of each request that has ended: answered, refused, or left by its client, which is how most streams
 * end. The provider may come and go: until there is one, nothing is recorded.
 */
export function measureRequests(app: FastifyInstance, agent: AgentView): void {
  let recorded: Recorded | undefined;
  app.addHook('onRequest', async (request, reply) => {
    const { raw } = reply;
    const began = agent.clock.monotonic();
    whenEnded(request.raw, raw, () => {
      const metrics = agent.get(Metrics);
      if (metrics === undefined) return;
      if (recorded?.metrics !== metrics) recorded = recordedIn(metrics);
      // The pattern of the route, never the path: that has names of containers.
      const route = request.routeOptions.url ?? 'none';
      const labels = { method: request.method, route, status: String(raw.headersSent ? raw.statusCode : GONE) };
      recorded.requests.add(1, labels);
      recorded.duration.observe((agent.clock.monotonic() - began) / 1000, labels);
    });
  });
}

/** `/metrics`. */
export function serveTelemetry(app: FastifyInstance, agent: AgentView): void {
  app.get(metricsPage.path, async (_request, reply) => {
    const metrics = agent.get(Metrics);
    if (metrics === undefined) throw apiErrors.serviceUnavailable('no plugin of this agent provides hawser.metrics.v1 now');
    const { contentType, text } = await metrics.expose();
    return reply.type(contentType).send(text);
  });
}

function recordedIn(metrics: Metrics): Recorded {
  return {
    metrics,
    requests: metrics.counter({
      name: 'hawser_api_requests_total',
      help: 'Requests to the HTTP API; status 499: the client left before its answer.',
      labels: LABELS,
    }),
    duration: metrics.histogram({
      name: 'hawser_api_request_duration_seconds',
      help: 'How long the HTTP API took to answer; of a stream, how long it lasted.',
      labels: LABELS,
    }),
  };
}
