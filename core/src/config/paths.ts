import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/**
 * The two folders of one agent, absolute. Both exist, with their modes set (`root` 0700, `state` 0711), before any
 * plugin starts, and this process is the only agent that uses them.
 *
 * | folder | holds | a reboot |
 * |---|---|---|
 * | `root` | the durable store, `tombstones/` | keeps it |
 * | `state` | the boot's store, `hawser.sock`, `cni.sock` | may erase it |
 */
export interface Paths {
  /** `/var/lib/hawser` unless the config moves it. */
  readonly root: string;
  /** `/run/hawser` unless the config moves it. */
  readonly state: string;
}

/** Provided by the agent itself, from the config's `root` and `state`. */
export const Paths: Token<Paths, 'hawser.paths.v1'> = defineToken<Paths>()('hawser.paths.v1');
