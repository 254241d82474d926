import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/** `failed` makes the whole fail; `degraded` is told and fails nothing. */
export type CheckStatus = 'ok' | 'degraded' | 'failed';

/** One thing that was looked at. */
export interface HealthCheck {
  /** `store.state`, `collector`, or the URI of a plugin, with `#` and the name of a worker behind it for one of those. */
  readonly name: string;
  readonly status: CheckStatus;
  /** Why it isn't ok. */
  readonly reason?: string;
  /** What to do then. */
  readonly remedy?: string;
}

/** The answer to one question about the agent. */
export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly HealthCheck[];
}

/**
 * Whether the agent gets on. Answers at once, from what was seen at the last beat.
 *
 * | question | fails when | meant for |
 * |---|---|---|
 * | `live` | a store commits nothing any more, a due collection does not happen, a worker is stuck | who starts the agent again then |
 * | `ready` | it isn't live, a plugin is pending, a store refuses writes, the agent starts or stops | who sends it work |
 * | `healthy` | it isn't ready, or a plugin or a worker has failed | people |
 */
export interface Health {
  live(): HealthReport;
  ready(): HealthReport;
  healthy(): HealthReport;
  /** Calls back when one of the three answers may have changed. */
  onChange(listener: () => void): Disposable;
}

export const Health: Token<Health, 'hawser.health.v1'> = defineToken<Health>()('hawser.health.v1');
