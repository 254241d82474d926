import type { TimetableSettings } from './timetable.ts';

/** How eagerly and how patiently garbage is collected. */
export interface GcSettings extends TimetableSettings {
  /** Milliseconds for which one slice of a mark, or one transaction of a sweep, may hold the event loop. */
  readonly sliceMs: number;
  /** Milliseconds from its creation in which a background collection leaves a node alone. */
  readonly protectMs: number;
  /** Milliseconds that one clean-up may take. */
  readonly cleanupDeadlineMs: number;
  /** Clean-ups of one type at a time that nobody waits for. */
  readonly cleanupsAtOnce: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Milliseconds for the last pass before a stop. */
  readonly drainDeadlineMs: number;
}

/** Those of an agent whose config says nothing. */
export const DEFAULT_GC_SETTINGS: GcSettings = {
  pauseThreshold: 0.02,
  deletionThreshold: 0,
  mutationThreshold: 100,
  scheduleDelayMs: 0,
  startupDelayMs: 100,
  sliceMs: 1,
  protectMs: 200,
  cleanupDeadlineMs: 30_000,
  cleanupsAtOnce: 32,
  retryFirstMs: 1000,
  retryMaxMs: 60_000,
  drainDeadlineMs: 5000,
};
