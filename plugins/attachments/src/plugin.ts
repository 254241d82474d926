import { definePlugin } from '@hawser/core';
import { Attachments, Events, Gc, Host, Leases, Metadata, Metrics, NetworkMode, Snapshots } from '@hawser/core/contracts';
import { attachmentErrors } from '@hawser/core/network';
import { config } from './config.ts';
import { AttachmentEngine } from './engine.ts';
import { measured, observeAttachments } from './measured.ts';
import { attachmentTopics } from './topics.ts';

/** `hawser.attachments.v1.engine` */
export const attachments = definePlugin({
  provides: Attachments,
  id: 'engine',
  stability: 'beta',
  summary: 'Attaches containers to networks: queues, leases, claims and snapshots around every mode.',
  config,
  errors: attachmentErrors,
  topics: attachmentTopics,
  requires: {
    metadata: Metadata,
    leases: Leases,
    snapshots: Snapshots,
    gc: Gc,
    events: Events,
    host: Host,
    modes: NetworkMode.all(),
    metrics: Metrics.optional(),
  },
  async start({ config: settings, clock, random, faults, signal, scope, log, metrics, ...core }) {
    const engine = scope.use(new AttachmentEngine({ ...core, settings, log, context: { clock, random, ...(faults ? { faults } : {}) } }));
    signal.addEventListener('abort', () => engine.drain('the agent is stopping'), { once: true });
    await engine.recover();
    if (metrics === undefined) return engine;
    scope.use(observeAttachments(metrics, engine, core.modes));
    return measured(engine, { metrics, clock, modes: core.modes, defaultMode: settings.default_mode });
  },
});
