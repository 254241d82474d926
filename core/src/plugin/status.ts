/** Where a plugin stands. The table of transitions is in lifecycle.ts. */
export type PluginStatus = 'starting' | 'pending' | 'ok' | 'degraded' | 'skipped' | 'failed' | 'disabled' | 'stopping' | 'stopped';

/** An error as reports have it. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * What a worker is at: `running` a round, `waiting` for its next one, `backing_off` after one that failed, `stuck` in
 * one that has outlived its deadline and does not end, `done` for good, `failed` for good, `stopped` with its plugin.
 */
export type WorkerState = 'running' | 'waiting' | 'backing_off' | 'stuck' | 'done' | 'failed' | 'stopped';

/** How one worker of a plugin does. */
export interface WorkerReport {
  readonly name: string;
  readonly state: WorkerState;
  /** Rounds begun. */
  readonly rounds: number;
  /** Rounds that failed, one after the other, up to now. */
  readonly failures: number;
  /** Of the last round that failed; stays when later ones go well. */
  readonly lastError?: ReportedError;
  /** When its next round begins, RFC 3339, UTC; only while it waits or backs off. */
  readonly nextAt?: string;
}

/** One row of `hawser plugins ls`. */
export interface PluginReport {
  readonly uri: string;
  readonly type: string;
  readonly id: string;
  readonly summary: string;
  readonly stability: string;
  readonly version?: string;
  readonly status: PluginStatus;
  /** Why it is pending, skipped or disabled. */
  readonly reason?: string;
  /** Why it failed or is degraded. */
  readonly error?: ReportedError;
  /** How long its start took, milliseconds. */
  readonly startMs: number;
  /** RFC 3339, UTC. */
  readonly startedAt?: string;
  /** Type ids required, with the cardinality where it isn't one: `hawser.host.v1`, `hawser.ipam.v1 (all)`. */
  readonly requires: readonly string[];
  readonly provides: string;
  /** Its supervised workers, in the order in which they were spawned; absent where it has none. */
  readonly workers?: readonly WorkerReport[];
  /** The level that its log has been set to at run time; absent where it has the agent's. */
  readonly logLevel?: string;
}
