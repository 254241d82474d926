import type { HealthReport } from './health.ts';

/** The answer to a probe: what is not well always, everything where it is asked for. */
export function healthPage({ ok, checks }: HealthReport, verbose: boolean): { readonly status: 200 | 503; readonly body: object } {
  const told = verbose ? checks : checks.filter(({ status }) => status === 'failed');
  return { status: ok ? 200 : 503, body: { status: ok ? 'ok' : 'failed', ...(verbose || told.length > 0 ? { checks: told } : {}) } };
}

/** `?verbose`, as Kubernetes' probes write it, and `?verbose=true`. */
export const isVerbose = (value: string | null | undefined): boolean =>
  value !== null && value !== undefined && value !== 'false' && value !== '0';
