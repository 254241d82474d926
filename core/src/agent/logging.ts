import type { Logger } from 'pino';
import { redact } from './redact.ts';

/** How the agent's log is written. */
export interface LogOptions {
  readonly level: string;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
  readonly color: boolean;
}

/** What `--log-level` takes. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * The agent's log on standard error, synchronous, so that the last line before a death is there. Fields:
 * `containerId`, `ifname`, `podNamespace`, `podName`, `eniId`, `plugin`, `requestId`, `durationMs`.
 */
export async function createLog({ level, pretty, color }: LogOptions): Promise<Logger> {
  const { pino, stdSerializers, stdTimeFunctions } = await import('pino');
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: (fields: Record<string, unknown>) => redact(fields) },
    serializers: { err: (error: Error) => redact({ ...stdSerializers.err(error) }) },
  };
  if (!pretty) {
    const destination = pino.destination({ fd: 2, sync: true });
    // Whoever read the log has gone; pods still need their networks.
    destination.on('error', () => undefined);
    return pino(options, destination);
  }
  const { default: prettyStream } = await import('pino-pretty');
  return pino(options, prettyStream({ destination: 2, sync: true, colorize: color, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }));
}
