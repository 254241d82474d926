import type { PluginStatus } from './status.ts';

/**
 * Every way a plugin's status may go. What isn't in the table doesn't happen: a word on its own health from a plugin
 * that has stopped or failed changes nothing.
 *
 * ```
 * starting ─┬─▶ pending ─┐
 *           │      │     ▼
 *           ├──────┼───▶ ok ◀──▶ degraded
 *           │      │      └────┬─────┘
 *           ├──────┴───────────┴─▶ stopping ─▶ stopped
 *           ├─▶ skipped
 *           └─▶ failed                          disabled
 * ```
 */
export const PLUGIN_TRANSITIONS: Readonly<Record<PluginStatus, readonly PluginStatus[]>> = {
  starting: ['pending', 'ok', 'degraded', 'skipped', 'failed', 'stopping'],
  pending: ['ok', 'degraded', 'stopping'],
  ok: ['degraded', 'stopping'],
  degraded: ['ok', 'stopping'],
  stopping: ['stopped'],
  stopped: [],
  skipped: [],
  failed: [],
  disabled: [],
};

/** Whether the table has this way. */
export function mayBecome(from: PluginStatus, to: PluginStatus): boolean {
  return PLUGIN_TRANSITIONS[from].includes(to);
}

/** Whether a plugin of this status can be used by others. One that is pending can: it only has not reached its full state yet. */
export function serves(status: PluginStatus): boolean {
  return status === 'ok' || status === 'degraded' || status === 'pending';
}
