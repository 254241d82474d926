import type { PluginStatus } from './status.ts';

/**
 * Every way a plugin's status may go. What isn't in the table doesn't happen: a word on its own health from a plugin
 * that has stopped or failed changes nothing.
 *
 * ```
 * starting ─┬─▶ ok ◀──▶ degraded
 *           │    └────┬─────┘
 *           ├─────────┴─▶ stopping ─▶ stopped
 *           ├─▶ skipped
 *           └─▶ failed                          disabled
 * ```
 */
export const PLUGIN_TRANSITIONS: Readonly<Record<PluginStatus, readonly PluginStatus[]>> = {
  starting: ['ok', 'degraded', 'skipped', 'failed', 'stopping'],
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

/** Whether a plugin of this status can be used by others. */
export function serves(status: PluginStatus): boolean {
  return status === 'ok' || status === 'degraded';
}
