import type { Health, HealthCheck, HealthReport } from '../../telemetry/health.ts';

/** Health that a test turns. */
export interface FakeHealth extends Health {
  /** What was looked at from now on; any that has failed fails all three answers. Listeners hear of it. */
  turn(...checks: readonly HealthCheck[]): void;
}

/** All is well until it is turned. */
export function fakeHealth(): FakeHealth {
  const listeners = new Set<() => void>();
  let report: HealthReport = { ok: true, checks: [] };
  const answer = (): HealthReport => report;
  return {
    live: answer,
    ready: answer,
    healthy: answer,
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    turn(...checks) {
      report = { ok: checks.every(({ status }) => status !== 'failed'), checks };
      for (const listener of listeners) listener();
    },
  };
}
