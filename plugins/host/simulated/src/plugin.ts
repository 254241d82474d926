import * as z from 'zod';
import { definePlugin, openTracing } from '@hawser/core';
import { Host } from '@hawser/core/contracts';
import { tracedHost } from '@hawser/core/network';

const settings = z.strictObject({
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('The same seed gives the same MACs, delays and round trips'),
  latency_ms: z.number().min(0).max(60_000).default(0).describe('How long each call to the kernel takes, in milliseconds'),
});

/** The Host contract without a kernel: for machines that are not Linux, without privileges, and for tests. */
export default definePlugin({
  provides: Host,
  id: 'simulated',
  stability: 'beta',
  summary: 'A model of a Linux kernel in memory, with delays and errors on demand.',
  enabled: 'configured',
  config: settings,
  start: async ({ clock, random, config, scope }) => {
    // The model is large, and an agent on a real kernel has this plugin too.
    const { openOnProcessKernel } = await import('./process-kernel.ts');
    const host = scope.use(openOnProcessKernel({ clock, random }, { seed: config.seed, latencyMs: config.latency_ms }));
    const tracing = await openTracing();
    return tracing === undefined ? host : tracedHost(host, tracing);
  },
});
