import type { Logger, pino as Pino } from 'pino';
import { currentRequest, systemContext } from '../context/index.ts';
import { redact } from './redact.ts';

/** How the agent's log is written. */
export interface LogOptions {
  readonly level: string;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
  readonly color: boolean;
}

/** Characters that may wait for a reader. */
const MOST_WAITING = 1_048_576;
/** How often it is looked whether somebody reads what waits. */
const LOOK_MS = 200;

/** What `--log-level` takes. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * The agent's log on standard error, synchronous, so that the last line before a death is there; of what nobody reads, the
 * first lines wait and the others are dropped, since pods still need their networks. Fields:
 * `containerId`, `ifname`, `podNamespace`, `podName`, `eniId`, `plugin`, `requestId`, `durationMs`.
 */
export async function createLog({ level, pretty, color }: LogOptions): Promise<Logger> {
  const { pino, stdTimeFunctions } = await import('pino');
  const { loggedError } = await import('./logged-error.ts');
  const options = {
    level,
    base: { pid: process.pid },
    mixin: requestFields,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: (fields: Record<string, unknown>) => redact(fields) },
    serializers: { err: loggedError },
  };
  if (!pretty) {
    const destination = pino.destination({
      fd: process.stderr.fd, // Node.js makes pipes and sockets non-blocking for it
      sync: true,
      maxLength: MOST_WAITING,
      retryEAGAIN: () => false,
    });
    const log = pino(options, destination);
    goOnUnread(destination, (dropped) => log.warn({ dropped }, 'nobody read this log, so that lines were dropped'));
    return log;
  }
  const { default: prettyStream } = await import('pino-pretty');
  return pino(options, prettyStream({ destination: 2, sync: true, colorize: color, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }));
}

/** Every line of a request has its id, whoever logs. */
export function requestFields(): object {
  const requestId = currentRequest();
  return requestId === undefined ? {} : { requestId };
}

/** Whoever read the log has gone, or reads no more. */
function goOnUnread(destination: ReturnType<typeof Pino.destination>, tell: (dropped: number) => void): void {
  let dropped = 0;
  let look: Disposable | undefined;
  destination.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EAGAIN') return;
    look ??= systemContext.clock.timer(LOOK_MS, () => {
      look = undefined;
      destination.write(''); // and with it what waits
    });
  });
  destination.on('drop', () => {
    if (dropped++ > 0) return;
    destination.once('drain', () => {
      tell(dropped);
      dropped = 0;
    });
  });
}
