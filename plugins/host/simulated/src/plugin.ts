import * as z from 'zod';
import { type Context, definePlugin, openTracing } from '@hawser/core';
import { Host } from '@hawser/core/contracts';
import { tracedHost } from '@hawser/core/network';
import { openSimulatedHost } from './simulated-host.ts';
import { SimulatedKernel } from './simulated-kernel.ts';

const settings = z.strictObject({
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('The same seed gives the same MACs, delays and round trips'),
  latency_ms: z.number().min(0).max(60_000).default(0).describe('How long each call to the kernel takes, in milliseconds'),
});

let kernel: SimulatedKernel | undefined;

/** The kernel of this process: it outlives the plugin's restarts, as a machine's kernel outlives its agents. */
function kernelOfProcess(context: Context, config: z.output<typeof settings>): SimulatedKernel {
  kernel ??= new SimulatedKernel({ context, seed: config.seed });
  kernel.sim.delay('all', config.latency_ms);
  return kernel;
}

/** The Host contract without a kernel: for machines that are not Linux, without privileges, and for tests. */
export default definePlugin({
  provides: Host,
  id: 'simulated',
  stability: 'beta',
  summary: 'A model of a Linux kernel in memory, with delays and errors on demand.',
  enabled: 'configured',
  config: settings,
  start: async ({ clock, random, config, scope }) => {
    const host = scope.use(openSimulatedHost(kernelOfProcess({ clock, random }, config)));
    const tracing = await openTracing();
    return tracing === undefined ? host : tracedHost(host, tracing);
  },
});
