/** How eagerly and how patiently garbage is collected. */
export interface GcSettings {
  /** Milliseconds that one clean-up may take. */
  readonly cleanupDeadlineMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Milliseconds from the start to the first run. */
  readonly startupDelayMs: number;
  /** Milliseconds from a deletion to the run after it. */
  readonly scheduleDelayMs: number;
  /** Part of the time that marking may take when runs follow each other. */
  readonly pauseThreshold: number;
}

/** Those of an agent whose config says nothing. */
export const DEFAULT_GC_SETTINGS: GcSettings = {
  cleanupDeadlineMs: 30_000,
  retryFirstMs: 1000,
  retryMaxMs: 60_000,
  startupDelayMs: 100,
  scheduleDelayMs: 20,
  pauseThreshold: 0.02,
};
