import { route, type Route, type RouteDescription } from '../route.ts';
import type { AgentView } from '../service.ts';

/** `/v1/openapi.json`: what all routes are, itself among them. It is loaded and made for who asks first, and kept. */
export function documentRoute(agent: AgentView, others: readonly RouteDescription[]): Route {
  const make = async (): Promise<object> => {
    const { openApi } = await import('../document/openapi.ts');
    return openApi([...others, self], agent.coreVersion);
  };
  let made: Promise<object> | undefined;
  const self = route({
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'Give this document',
    answers: { 200: { record: 'OpenApi' } },
    handle: () => (made ??= make()),
  });
  return self;
}
