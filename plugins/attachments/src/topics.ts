import { defineTopic, type Topic } from '@hawser/core';
import * as z from 'zod';

const attachment = {
  containerId: z.string(),
  ifname: z.string(),
  network: z.string(),
  mode: z.string(),
  podNamespace: z.string().optional(),
  podName: z.string().optional(),
};

export const attachmentTopics: readonly Topic[] = [
  defineTopic('/attachments/attaching', z.strictObject(attachment), 'An attachment is in the books; its mode makes it real from now on.'),
  defineTopic(
    '/attachments/attached',
    z.strictObject({ ...attachment, ips: z.array(z.string()), durationMs: z.number() }),
    'An attachment is real.',
  ),
  defineTopic(
    '/attachments/failed',
    z.strictObject({ ...attachment, code: z.string() }),
    'An ADD has failed with this error; what it made is undone.',
  ),
  defineTopic('/attachments/detaching', z.strictObject(attachment), 'An attachment is being undone.'),
  defineTopic('/attachments/detached', z.strictObject(attachment), 'An attachment is gone, from the network and from the books.'),
];
