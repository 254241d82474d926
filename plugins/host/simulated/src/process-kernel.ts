import type { Context } from '@hawser/core';
import { openSimulatedHost, type SimulatedHost } from './simulated-host.ts';
import { SimulatedKernel } from './simulated-kernel.ts';

let kernel: SimulatedKernel | undefined;

/** A host on the kernel of this process, which outlives the plugin's restarts, as a machine's kernel outlives its agents. */
export function openOnProcessKernel(
  context: Context,
  { seed, latencyMs }: { readonly seed: number; readonly latencyMs: number },
): SimulatedHost {
  kernel ??= new SimulatedKernel({ context, seed });
  kernel.sim.delay('all', latencyMs);
  return openSimulatedHost(kernel);
}
