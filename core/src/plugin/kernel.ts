import type { Logger } from 'pino';
import type { Context } from '../context/index.ts';
import type { HawserError } from '../errors/index.ts';
import type { ReloadPlan } from './reload-plan.ts';
import type { PluginReport } from './status.ts';
import type { PluginChoice } from './target.ts';
import type { Token } from './token.ts';

/** What a set of plugins is started with. */
export interface BootOptions extends PluginChoice {
  readonly context: Context;
  /** Each plugin gets a child with its URI under `plugin`. */
  readonly log: Logger;
  /** Aborting it during boot stops what has started; afterwards it has no effect. */
  readonly signal?: AbortSignal;
  /** Hears every change of status from the first on, also those before `boot` returns. */
  readonly onChange?: (report: PluginReport) => void;
}

/** How a reload went: its steps in the order in which they were taken. */
export interface ReloadReport extends ReloadPlan {
  /** What could not be released by those that were stopped. */
  readonly errors: StopReport['errors'];
  readonly durationMs: number;
}

/** A set of plugins that has been started. */
export interface Kernel {
  /** Milliseconds from the call of `boot` until every outcome was known. */
  readonly bootMs: number;
  /** All plugins in start order, the disabled ones too. */
  reports(): readonly PluginReport[];
  /** The provider that is ok or degraded (the first in start order where there are several), else undefined. */
  get<T>(token: Token<T>): T | undefined;
  get<T>(token: Token<T>, pluginId: string): T | undefined;
  /** Calls back after each change of a plugin's status. A listener that throws is logged and keeps its place. */
  onChange(listener: (report: PluginReport) => void): Disposable;
  /** Resolves when no plugin is pending, telling those that are meanwhile; rejects with the signal's reason. */
  whenReady(signal: AbortSignal): Promise<void>;
  /** What `reload` would do now. Throws `plugin.graph_invalid`. */
  planReload(next: PluginChoice): ReloadPlan;
  /**
   * Becomes another set: stops, starts, restarts and reconfigures just the plugins concerned and those that require them; who asks
   * for all providers sees the change and goes on. Throws `plugin.graph_invalid` before anything is touched;
   * `plugin.reload_failed` when a step failed and what ran before runs again; `plugin.reload_incomplete` when not even that
   * could be done, naming what is off; `plugin.reload_cancelled` when the kernel is stopped meanwhile. Several reloads at once queue.
   */
  reload(next: PluginChoice): Promise<ReloadReport>;
  /**
   * Ends a reload that is under way as soon as its present step has ended, and refuses others: what a stop does first, for who
   * has more to do before it.
   */
  endReloads(reason: string): void;
  /** Sets the level of one plugin's log, also for its next starts; undefined: the agent's again. False where there is no such plugin. */
  setLogLevel(uri: string, level: string | undefined): boolean;
  /** Stops in reverse order, tries every release, never rejects. Calling it twice is one stop. */
  stop(reason: string): Promise<StopReport>;
}

/** How a stop went: what could not be released, and how long it took. */
export interface StopReport {
  readonly errors: readonly { readonly uri: string; readonly error: HawserError }[];
  readonly durationMs: number;
}
