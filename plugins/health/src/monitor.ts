import type { Clock, Logger } from '@hawser/core';
import type { AgentState, Gc, GcStatus, Health, HealthCheck, HealthReport, Metadata } from '@hawser/core/contracts';
import { checkCollector } from './collector-check.ts';
import { checkPhase, checkPlugins } from './plugin-checks.ts';
import { Pulse } from './pulse.ts';

export interface MonitorOptions {
  readonly metadata: Pick<Metadata, 'write'>;
  readonly gc: Pick<Gc, 'status'>;
  readonly agent: Pick<AgentState, 'phase' | 'reports' | 'onChange'> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** From one beat to the next. */
  readonly intervalMs: number;
  /** From one beat of the durable store to the next: each is a flush of the disk. */
  readonly durableIntervalMs: number;
  readonly storeDeadlineMs: number;
  readonly collectionGraceMs: number;
}

/** Beats that may be late before the monitor no longer trusts what it last saw. */
const MISSED_BEATS = 3;
const QUESTIONS = ['live', 'ready', 'healthy'] as const;

/** Answers for the agent's health from its beats: every beat writes to a store, and looks at the collector. */
export class Monitor implements Health, Disposable {
  readonly #options: MonitorOptions;
  readonly #root: Pulse;
  readonly #state: Pulse;
  readonly #listeners = new Set<() => void>();
  readonly #heard: Disposable | undefined;
  /** What the log has been told of. */
  readonly #failed = new Set<(typeof QUESTIONS)[number]>();
  #beatAt: number;
  /** Since when a collection is due, by the monotonic clock. */
  #dueSince: number | undefined;
  #durableAt = Number.NEGATIVE_INFINITY;
  #collector: ReturnType<typeof checkCollector> = { name: 'collector', status: 'ok', isOverdue: false };

  constructor(options: MonitorOptions) {
    const { metadata, clock, storeDeadlineMs: deadlineMs } = options;
    this.#options = options;
    this.#beatAt = clock.monotonic();
    const ended = (): void => {
      try {
        this.#look();
      } catch (error) {
        options.log.error({ err: error }, 'the end of a beat could not be told');
      }
    };
    this.#root = new Pulse({ store: 'root', metadata, clock, deadlineMs, ended });
    this.#state = new Pulse({ store: 'state', metadata, clock, deadlineMs, ended });
    // The log hears of it at a beat: what a reload stops and starts at once is no news.
    this.#heard = options.agent?.onChange?.(() => this.#tell());
  }

  /** One beat; for a worker to repeat. Waits for nothing. */
  beat(): void {
    const { clock, gc, durableIntervalMs, collectionGraceMs } = this.#options;
    const before = this.#beatAt;
    this.#beatAt = clock.monotonic();
    this.#state.beat();
    if (this.#beatAt - this.#durableAt >= durableIntervalMs) {
      this.#durableAt = this.#beatAt;
      this.#root.beat();
    }
    const status = gc.status();
    this.#collector = checkCollector(status, this.#dueMs(status, before), collectionGraceMs);
    this.#look();
  }

  live(): HealthReport {
    return report(this.#vital());
  }

  ready(): HealthReport {
    return report(this.#needed());
  }

  healthy(): HealthReport {
    return report([
      ...this.#needed(),
      ...checkPlugins(this.#reports()).checks.filter(({ name }) => !this.#vital().some((one) => one.name === name)),
    ]);
  }

  [Symbol.dispose](): void {
    this.#heard?.[Symbol.dispose]();
  }

  onChange(listener: () => void): Disposable {
    const own = (): void => listener();
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** How long a collection is due that does not begin: a clock that is set makes none late, for none was due at the beat before. */
  #dueMs({ nextRun }: Pick<GcStatus, 'nextRun'>, before: number): number {
    const lateMs = nextRun === undefined ? Number.NEGATIVE_INFINITY : this.#options.clock.now() - Date.parse(nextRun);
    this.#dueSince = lateMs < 0 ? undefined : (this.#dueSince ?? Math.max(before, this.#beatAt - lateMs));
    return this.#dueSince === undefined ? 0 : this.#beatAt - this.#dueSince;
  }

  #reports(): ReturnType<AgentState['reports']> {
    return this.#options.agent?.reports() ?? [];
  }

  /** What only a new start would mend. */
  #vital(): readonly HealthCheck[] {
    const { isOverdue, ...collector } = this.#collector;
    const stores = [this.#root, this.#state].flatMap((pulse) => (pulse.isStuck ? [pulse.check()] : []));
    return [this.#beat(), ...stores, ...(isOverdue ? [collector] : []), ...checkPlugins(this.#reports()).stuck];
  }

  /** What it takes to do its work. */
  #needed(): readonly HealthCheck[] {
    const { isOverdue: _, ...collector } = this.#collector;
    const reports = this.#reports();
    const { stuck } = checkPlugins(reports);
    return [
      checkPhase(this.#options.agent?.phase() ?? 'ready', reports),
      this.#beat(),
      this.#root.check(),
      this.#state.check(),
      collector,
      ...stuck,
    ];
  }

  /** Whether what is known is fresh. */
  #beat(): HealthCheck {
    const { clock, intervalMs } = this.#options;
    const agoMs = clock.monotonic() - this.#beatAt;
    if (agoMs <= MISSED_BEATS * intervalMs) return { name: 'beat', status: 'ok' };
    const reason = `the last look at the agent was ${Math.round(agoMs / 1000)} s ago`;
    return { name: 'beat', status: 'failed', reason, remedy: 'Start the agent again: what should look at it does not get its turn.' };
  }

  /**
   * Tells whoever listens, and the log, of an answer that has turned. An agent that starts or stops is neither ready nor
   * healthy, which is no fault of it.
   */
  #look(): void {
    const inService = (this.#options.agent?.phase() ?? 'ready') === 'ready';
    for (const question of QUESTIONS) {
      const { ok, checks } = this[question]();
      const failed = !ok && (inService || question === 'live');
      if (failed === this.#failed.has(question)) continue;
      if (failed) {
        const faults = checks.filter(({ status }) => status === 'failed');
        this.#failed.add(question);
        this.#options.log.error({ question, faults }, `the agent is not ${question}: ${faults.map(({ name }) => name).join(', ')}`);
      } else if (ok) {
        this.#failed.delete(question);
        this.#options.log.info({ question }, `the agent is ${question} again`);
      }
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const report = (checks: readonly HealthCheck[]): HealthReport => ({ ok: checks.every(({ status }) => status !== 'failed'), checks });
