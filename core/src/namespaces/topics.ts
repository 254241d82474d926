import * as z from 'zod';
import { defineTopic } from '../plugin/topic.ts';

const name = z.string();
const labels = z.record(z.string(), z.string());

export const created = defineTopic('/namespaces/create', z.strictObject({ name, labels }), 'A namespace was made.');
export const updated = defineTopic('/namespaces/update', z.strictObject({ name, labels }), 'A namespace has other labels.');
export const deleted = defineTopic('/namespaces/delete', z.strictObject({ name }), 'A namespace is gone; it was empty.');

export const namespaceTopics = [created, updated, deleted] as const;
