export type { Clock } from './clock.ts';
export type { Context } from './context.ts';
export { type Deadline, deadlineSignal, untilAborted, withDeadline } from './deadline.ts';
export type { FaultInjector } from './faults.ts';
export { isListenedOn } from './is-listened-on.ts';
export type { Random } from './random.ts';
export { steadyClock, type SteadyTime, steadyTime } from './steady-time.ts';
export { seededRandom } from './seeded-random.ts';
export { systemClock, systemContext, systemRandom, timeOrderedId } from './system.ts';
