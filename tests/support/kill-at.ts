import type { FaultInjector } from '@hawser/core';

/**
 * Ends this process with SIGKILL at the n-th time that execution passes a point, as `kill -9` from outside would:
 * nothing is flushed, nothing is closed. `text` is `point` or `point#n`.
 */
export function killAt(text: string): FaultInjector {
  const [point = '', count = '1'] = text.split('#');
  let left = Number(count);
  return {
    reach(reached) {
      if (reached !== point || --left > 0) return;
      process.kill(process.pid, 'SIGKILL');
    },
  };
}

/** Writes every point that execution passes to standard error, to learn which there are. */
export const tracePoints: FaultInjector = {
  reach: (point) => void process.stderr.write(`POINT ${point}\n`),
};
