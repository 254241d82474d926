import * as z from 'zod';
import { STORES } from '../metadata/store.ts';
import { defineTopic, type Topic } from '../plugin/topic.ts';

const lease = { id: z.string(), store: z.enum(STORES) };
const labels = z.record(z.string(), z.string());
const resource = z.strictObject({ type: z.string(), key: z.string() });

export const leaseTopics: readonly Topic[] = [
  defineTopic('/leases/created', z.strictObject({ ...lease, labels, expiresAt: z.string().optional() }), 'A lease was made.'),
  defineTopic('/leases/renewed', z.strictObject({ ...lease, expiresAt: z.string() }), 'A lease lives until another time.'),
  defineTopic('/leases/updated', z.strictObject({ ...lease, labels, expiresAt: z.string().optional() }), 'A lease has other labels.'),
  defineTopic(
    '/leases/deleted',
    z.strictObject({ ...lease, reason: z.enum(['deleted', 'expired']) }),
    'A lease is gone; what only it kept is garbage, unless who deleted it said otherwise.',
  ),
  defineTopic('/leases/resource-added', z.strictObject({ ...lease, resource }), 'A resource was put under a lease by itself.'),
  defineTopic('/leases/resource-removed', z.strictObject({ ...lease, resource }), 'A resource was taken from a lease.'),
];
