import type { Host } from '../../network/host.ts';
import { interceptHost } from '../doubles/intercepted-host.ts';

/** A host on which an agent dies at a chosen change to the kernel. */
export interface MortalHost {
  readonly host: Host;
  /** Changes that were begun. */
  readonly changes: () => number;
  readonly dead: () => boolean;
}

/** What calls of a dead agent are rejected with, in place of never settling: a test has to go on. */
export class AgentDied extends Error {
  override readonly name = 'AgentDied';
}

/** What the test does, not the agent. */
const OF_THE_TEST: ReadonlySet<string> = new Set(['createNamespace', 'deleteNamespace']);

/**
 * The same host, until its `nth` change (the first is 1): the agent dies `before` it or `after` it has taken effect,
 * and nothing that it calls from then on does anything. `onChange` hears of each change that has taken effect.
 */
export function mortalHost(host: Host, nth: number, when: 'before' | 'after', onChange: (count: number) => void = () => {}): MortalHost {
  let changes = 0;
  let dead = false;
  const front = interceptHost(
    host,
    async ({ method, isChange }, carryOut) => {
      if (OF_THE_TEST.has(method)) return carryOut();
      if (dead) throw new AgentDied(`${method} after the agent's death`);
      const fatal = isChange && ++changes === nth;
      dead ||= fatal && when === 'before';
      if (dead) throw new AgentDied(`the agent died before ${method}`);
      const outcome = await carryOut();
      if (isChange) onChange(changes);
      dead ||= fatal;
      if (dead) throw new AgentDied(`the agent died after ${method}`);
      return outcome;
    },
    // An agent may die between these, too.
    { inParts: true },
  );
  return { host: front, changes: () => changes, dead: () => dead };
}
