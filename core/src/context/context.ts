import type { Clock } from './clock.ts';
import type { FaultInjector } from './faults.ts';
import type { Random } from './random.ts';

/** What every component takes from outside instead of from globals. */
export interface Context {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults?: FaultInjector;
}
