import type { Logger } from 'pino';
import * as z from 'zod';
import { Events } from '../events/events.ts';
import type { JsonObject } from '../json.ts';
import { Metadata } from '../metadata/store.ts';
import type { Kernel } from '../plugin/index.ts';
import { defineTopic, type Topic } from '../plugin/topic.ts';

const error = { code: z.string(), message: z.string(), remedy: z.string() };
const step = z.strictObject({ uri: z.string(), action: z.string(), reason: z.string() });

export const configReloaded = defineTopic(
  '/config/reloaded',
  z.strictObject({ files: z.array(z.string()), changed: z.array(z.string()), steps: z.array(step), durationMs: z.number() }),
  'The config was read again and is in force: keys with other values, and what that did to which plugin.',
);

export const configRejected = defineTopic(
  '/config/rejected',
  z.strictObject(error),
  'The config was read again and is not in force; the former one is.',
);

const pluginChanged = defineTopic(
  '/plugins/changed',
  z.strictObject({
    uri: z.string(),
    before: z.string(),
    status: z.string(),
    reason: z.string().optional(),
    error: z.strictObject(error).optional(),
  }),
  'A plugin of a running agent has another status: it is degraded, has recovered, was stopped or started by a reload.',
);

export const agentTopics: readonly Topic[] = [configReloaded, configRejected, pluginChanged];

/** Publishes where there is a store and a journal; the agent goes on whether they take it or not. */
export async function publish(kernel: Kernel, event: { readonly topic: string; readonly data: JsonObject }, log: Logger): Promise<void> {
  const [metadata, events] = [kernel.get(Metadata), kernel.get(Events)];
  if (metadata === undefined || events === undefined) return;
  try {
    await metadata.write('state', (tx) => events.publish(tx, event));
  } catch (thrown) {
    log.warn({ err: thrown, topic: event.topic }, 'an event could not be published');
  }
}

/** Publishes each change of a plugin's status from now on. */
export function publishChanges(kernel: Kernel, log: Logger): Disposable {
  const last = new Map(kernel.reports().map(({ uri, status }) => [uri, status]));
  return kernel.onChange(({ uri, status, reason, error }) => {
    const before = last.get(uri) ?? 'starting';
    last.set(uri, status);
    if (before === status) return;
    const why = { ...(reason === undefined ? {} : { reason }), ...(error === undefined ? {} : { error: { ...error } }) };
    void publish(kernel, pluginChanged.event({ uri, before, status, ...why }), log);
  });
}
