import * as z from 'zod';
import { defineTopic, type Topic } from '../plugin/topic.ts';

const claim = { type: z.string(), key: z.string() };
const holder = z.strictObject({ containerId: z.string(), ifname: z.string() });

export const claimTopics: readonly Topic[] = [
  defineTopic('/claims/taken', z.strictObject({ ...claim, holder }), 'A resource has a holder.'),
  defineTopic(
    '/claims/cooling',
    z.strictObject({ ...claim, until: z.string() }),
    'A resource has no holder any more, and gets no other one before a time.',
  ),
  defineTopic('/claims/freed', z.strictObject(claim), 'A resource may be taken again.'),
];
