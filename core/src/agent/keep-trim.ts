import type { Clock } from '../context/index.ts';

/** How often it is looked whether there is something to give back. */
const LOOK_MS = 2_000;
/** Processor time after which there is, that of some twenty pods: an agent that has a call now and then is left alone. */
const WORK_MS = 250;
/** Processor time between two looks of who rests. */
const REST_MS = 50;
/** Who never rests gives back all the same, so often. */
const LONGEST_MS = 60_000;

/** What memory is given back with. */
export interface TrimOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'timer'>;
  /** Processor time of the process until now, milliseconds. */
  readonly usedMs?: () => number;
  readonly trim: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Gives memory back once the agent rests after its start, and after each rush of pods, until the signal aborts. */
export function keepTrim(options: TrimOptions, stop: AbortSignal): void {
  const { clock, usedMs = processorMs, trim, failed } = options;
  let looked = usedMs();
  let trimmed = { usedMs: 0, at: clock.monotonic() };
  const look = (): void => {
    const used = usedMs();
    const rests = used - looked < REST_MS || clock.monotonic() - trimmed.at >= LONGEST_MS;
    looked = used;
    if (!rests || used - trimmed.usedMs < WORK_MS) return;
    trimmed = { usedMs: used, at: clock.monotonic() };
    trim().catch(failed);
  };
  let timer: Disposable | undefined;
  const wait = (): void => {
    timer = clock.timer(LOOK_MS, () => (wait(), look()));
  };
  if (stop.aborted) return;
  wait();
  stop.addEventListener('abort', () => timer?.[Symbol.dispose](), { once: true });
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
