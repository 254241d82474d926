import type { Logger } from 'pino';
import type { HawserError } from '../errors/index.ts';
import type { PluginReport } from './status.ts';

/** The line of one change of status: failures loud, with what they came of, the everyday quiet. */
export function logOutcome(log: Logger, report: PluginReport, err: HawserError | undefined): void {
  const fields = { plugin: report.uri, status: report.status, stability: report.stability, durationMs: report.startMs };
  if (report.status === 'failed') {
    log.error({ ...fields, err, code: report.error?.code, remedy: report.error?.remedy }, `plugin failed: ${report.error?.message ?? ''}`);
  } else if (report.status === 'skipped') log.info(fields, `plugin skipped: ${report.reason ?? ''}`);
  else if (report.status === 'pending') log.info(fields, `plugin is not ready yet: ${report.reason ?? ''}`);
  else log.debug(fields, `plugin is ${report.status}`);
}

/** One line on the plugins that may still change, and one for each that is going away; of those that take part. */
export function logStability(log: Logger, reports: readonly PluginReport[]): void {
  const taking = reports.filter(({ status }) => status !== 'disabled');
  const of = (stability: string): readonly string[] => taking.filter((report) => report.stability === stability).map(({ uri }) => uri);
  const [alpha, beta] = [of('alpha'), of('beta')];
  if (alpha.length + beta.length > 0) {
    log.info({ alpha, beta }, `of ${taking.length} plugins ${beta.length} are beta and ${alpha.length} alpha: they may still change`);
  }
  for (const plugin of of('deprecated'))
    log.warn({ plugin, stability: 'deprecated' }, `plugin '${plugin}' is deprecated: it will be removed`);
}
