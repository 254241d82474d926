/** A plugin that gives the agent much to collect: loaded into the agent that is measured, by its config. */
import { definePlugin, defineToken } from '@hawser/core';
import { Gc, Metadata, Snapshots } from '@hawser/core/contracts';
import * as z from 'zod';

const BATCH = 1_000;

export default definePlugin({
  provides: defineToken<object>()('hawser.bench.v1'),
  id: 'filler',
  enabled: 'configured',
  summary: 'Fills the store of the state with snapshots that live, and collects without an end.',
  startDeadlineMs: 120_000,
  config: z.strictObject({
    nodes: z.int().min(1).describe('Snapshots'),
    collect: z.boolean().describe('Whether it collects'),
  }),
  requires: { metadata: Metadata, snapshots: Snapshots, gc: Gc },
  async start({ config, metadata, snapshots, gc, scope }) {
    const things = scope.use(snapshots.open({ type: 'thing', store: 'state', quiet: true }));
    for (let from = 0; from < config.nodes; from += BATCH) {
      await metadata.write('state', (tx) => {
        for (let at = from; at < Math.min(from + BATCH, config.nodes); at++)
          things.prepare(tx, `c${at}`, { data: {}, committed: true, labels: { 'gc.root': 'yes' } });
      });
    }
    if (config.collect)
      scope.spawn('collector', async (signal) => {
        while (!signal.aborted) await gc.run({ signal });
      });
    return {};
  },
});
