/** Where a plugin stands. The table of transitions is in lifecycle.ts. */
export type PluginStatus = 'starting' | 'ok' | 'degraded' | 'skipped' | 'failed' | 'disabled' | 'stopping' | 'stopped';

/** One row of `hawser plugins ls`. */
export interface PluginReport {
  readonly uri: string;
  readonly type: string;
  readonly id: string;
  readonly summary: string;
  readonly stability: string;
  readonly version?: string;
  readonly status: PluginStatus;
  /** Why it is skipped or disabled. */
  readonly reason?: string;
  /** Why it failed or is degraded. */
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
  /** How long its start took, milliseconds. */
  readonly startMs: number;
  /** RFC 3339, UTC. */
  readonly startedAt?: string;
  /** Type ids required, with the cardinality where it isn't one: `hawser.host.v1`, `hawser.ipam.v1 (all)`. */
  readonly requires: readonly string[];
  readonly provides: string;
}
