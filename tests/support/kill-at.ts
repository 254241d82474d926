import type { FaultInjector } from '@hawser/core';

/**
 * Ends this process with SIGKILL at a point, as `kill -9` from outside would: nothing is flushed, nothing is closed.
 * `text` is `point`, `point#n` for the n-th time, or `earlier>point#n`, which counts only after `earlier`.
 */
export function killAt(text: string): FaultInjector {
  const [earlier, target = earlier ?? ''] = text.includes('>') ? text.split('>') : [undefined, text];
  const [point = '', count = '1'] = target.split('#');
  let armed = earlier === undefined;
  let left = Number(count);
  return {
    reach(reached) {
      if (armed && reached === point && --left === 0) process.kill(process.pid, 'SIGKILL');
      armed ||= reached === earlier;
    },
  };
}

/** Writes every point that execution passes to standard error, to learn which there are. */
export const tracePoints: FaultInjector = {
  reach: (point) => void process.stderr.write(`POINT ${point}\n`),
};
