import * as z from 'zod';
import { defineTopic, type Topic } from '../plugin/topic.ts';

const node = { type: z.string(), key: z.string() };
const parents = z.array(z.string());

/** Snapshots of types that are quiet tell nothing. */
export const snapshotTopics: readonly Topic[] = [
  defineTopic(
    '/snapshots/prepared',
    z.strictObject({ ...node, parents, kind: z.literal('view').optional() }),
    'A snapshot is active, or is a view: what it stands for is being made.',
  ),
  defineTopic('/snapshots/committed', z.strictObject({ ...node, parents: parents.optional() }), 'What a snapshot stands for is made.'),
  defineTopic('/snapshots/updated', z.strictObject(node), 'A snapshot has other labels or data.'),
  defineTopic('/snapshots/removed', z.strictObject(node), 'The record of a snapshot is gone.'),
  defineTopic('/snapshots/lost', z.strictObject({ ...node, id: z.string() }), 'A backend no longer has the object of a snapshot.'),
];
