import type { BootOptions, Kernel } from './kernel.ts';
import { targetOf } from './target.ts';

/**
 * Starts a set of plugins, each as soon as what it requires is ok. One that fails or is skipped takes only those along
 * that can't do without it. Throws `plugin.graph_invalid` before anything starts; `plugin.required_failed` and
 * `plugin.boot_cancelled` after everything that had started is stopped.
 */
export async function boot(options: BootOptions): Promise<Kernel> {
  const target = targetOf(options);
  // Most who load this only define a plugin.
  const { LiveKernel } = await import('./live-kernel.ts');
  const running = new LiveKernel(options, target);
  await running.start();
  return running;
}
