import type { ReloadStep } from '../plugin/reload-plan.ts';

/** What a reload of the config did, or with `dryRun` would do. */
export interface ConfigReload {
  readonly dryRun: boolean;
  /** Absolute paths of the files that were read, in order; none: all defaults. */
  readonly files: readonly string[];
  /** Keys that have another value, dotted: `required`, `plugins."hawser.ipam.v1.range".ranges`. Values are not told. */
  readonly changed: readonly string[];
  /** In the order in which they are taken; none: nothing that runs is concerned. */
  readonly steps: readonly ReloadStep[];
  /** Absent with `dryRun`. */
  readonly durationMs?: number;
}
