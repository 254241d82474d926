import * as z from 'zod';
import { defineTopic, type Topic } from '../plugin/topic.ts';

const byType = z.record(z.string(), z.int());

export const gcTopics: readonly Topic[] = [
  defineTopic(
    '/gc/collected',
    z.strictObject({ removed: byType, failed: byType, kept: z.int(), durationMs: z.int() }),
    'A collection has removed something, or failed to; how many of which type.',
  ),
  defineTopic(
    '/gc/failed',
    z.strictObject({ type: z.string(), key: z.string(), attempts: z.int(), error: z.string() }),
    'The clean-up of one resource has failed; it is tried again.',
  ),
];
