import { definePlugin, openTracing } from '@hawser/core';
import { Attachments, Events, Gc, Host, Leases, Metadata, Metrics, NetworkMode, Snapshots } from '@hawser/core/contracts';
import { attachmentErrors, tracedModes } from '@hawser/core/network';
import { config } from './config.ts';
import { AttachmentEngine } from './engine.ts';
import { lackOf } from './modes.ts';
import { measured, observeAttachments } from './measured.ts';
import { tracedEngine } from './traced-engine.ts';
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
    const tracing = await openTracing();
    const modes = tracing === undefined ? core.modes : tracedModes(core.modes, tracing);
    const context = { clock, random, ...(faults ? { faults } : {}) };
    const engine = scope.use(new AttachmentEngine({ ...core, modes, settings, log, context }));
    signal.addEventListener('abort', () => engine.drain('the agent is stopping'), { once: true });
    await engine.recover();
    // Nothing is wrong with such an agent, but no pod gets a network from it.
    const lack = lackOf(settings.default_mode, modes);
    if (lack !== undefined) log.warn({ code: lack.code, remedy: lack.remedy }, lack.message);
    const told = tracing === undefined ? engine : tracedEngine(engine, tracing);
    if (metrics === undefined) return told;
    scope.use(observeAttachments(metrics, engine, modes));
    return measured(told, { metrics, clock, modes, defaultMode: settings.default_mode });
  },
});
