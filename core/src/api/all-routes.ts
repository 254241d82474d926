import { documentRoute } from './routes/document.ts';
import { agentRoutes } from './routes/agent.ts';
import { attachmentRoutes } from './routes/attachments.ts';
import { configRoutes } from './routes/config.ts';
import { dbRoutes } from './routes/db.ts';
import { eventRoutes, eventStream } from './routes/events.ts';
import { gcRoutes } from './routes/gc.ts';
import { leaseRoutes } from './routes/leases.ts';
import { listingRoutes } from './routes/listings.ts';
import { logRoutes } from './routes/log.ts';
import { namespaceRoutes } from './routes/namespaces.ts';
import type { Route } from './route.ts';
import type { AgentView } from './service.ts';
import { metricsPage } from './telemetry.ts';

const rooms = [
  agentRoutes,
  namespaceRoutes,
  leaseRoutes,
  listingRoutes,
  attachmentRoutes,
  gcRoutes,
  dbRoutes,
  configRoutes,
  eventRoutes,
  logRoutes,
];

/** What the server serves with a deadline, and the document of all that it serves. */
export function allRoutes(agent: AgentView): readonly Route[] {
  const routes = rooms.flatMap((make) => make(agent));
  return [...routes, documentRoute(agent, [...routes, eventStream, metricsPage])];
}
