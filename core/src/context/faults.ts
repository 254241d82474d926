/**
 * Named points on the roads of ADD and DEL at which tests make the process die, hang or fail. Production runs
 * without one: `reach` is then absent from the context and costs nothing.
 *
 * A point's name is `<area>.<step>`, e.g. `attach.after_claims_commit`.
 */
export interface FaultInjector {
  /** Called when execution passes `point`. Returns, throws, never returns or ends the process. */
  reach(point: string): void | Promise<void>;
}
