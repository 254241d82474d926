import { definePlugin } from '@hawser/core';
import { Attachments, Events, Gc, Host, Leases, Metadata, NetworkMode, Snapshots } from '@hawser/core/contracts';
import { attachmentErrors } from '@hawser/core/network';
import { config } from './config.ts';
import { AttachmentEngine } from './engine.ts';

/** `hawser.attachments.v1.engine` */
export const attachments = definePlugin({
  provides: Attachments,
  id: 'engine',
  stability: 'beta',
  summary: 'Attaches containers to networks: queues, leases, claims and snapshots around every mode.',
  config,
  errors: attachmentErrors,
  requires: { metadata: Metadata, leases: Leases, snapshots: Snapshots, gc: Gc, events: Events, host: Host, modes: NetworkMode.all() },
  async start({ config: settings, clock, random, faults, signal, scope, log, ...core }) {
    const engine = scope.use(new AttachmentEngine({ ...core, settings, log, context: { clock, random, ...(faults ? { faults } : {}) } }));
    signal.addEventListener('abort', () => engine.drain('the agent is stopping'), { once: true });
    await engine.recover();
    return engine;
  },
});
