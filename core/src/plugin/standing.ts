import type { Clock } from '../context/index.ts';
import type { HawserError } from '../errors/index.ts';
import { describePlugin } from './describe.ts';
import { mayBecome, serves } from './lifecycle.ts';
import type { PlannedPlugin } from './planned-plugin.ts';
import type { PluginReport, PluginStatus } from './status.ts';

/** Where one plugin stands, and why. Statuses go the ways of PLUGIN_TRANSITIONS only. */
export class Standing {
  readonly #planned: PlannedPlugin;
  readonly #clock: Clock;
  readonly #changed: (report: PluginReport) => void;
  /** What degrades it: the plugin's own word, or one of its workers. It is ok when none is left. */
  readonly #ailments = new Map<string, HawserError>();
  #status: PluginStatus;
  #reason: string | undefined;
  /** Why it isn't ready yet, though it has started or is about to. */
  #pending: string | undefined;
  #error: HawserError | undefined;
  #begunAt: number | undefined;
  #startMs: number | undefined;
  #startedAt: string | undefined;

  constructor(planned: PlannedPlugin, clock: Clock, changed: (report: PluginReport) => void) {
    this.#planned = planned;
    this.#clock = clock;
    this.#changed = changed;
    this.#status = planned.disabled === undefined ? 'starting' : 'disabled';
    this.#reason = planned.disabled;
  }

  get status(): PluginStatus {
    return this.#status;
  }

  get error(): HawserError | undefined {
    return this.#error ?? this.#ailments.values().next().value;
  }

  /** Start is being called now: its time counts from here, not from the wait for requirements. */
  begin(): void {
    this.#begunAt = this.#clock.monotonic();
  }

  /** Start has returned a value. */
  started(): void {
    this.#endStart();
    this.#startedAt = new Date(this.#clock.now()).toISOString();
    this.#become(this.#health());
  }

  /** It will be ready later; a word that comes after it has been ready changes nothing. */
  pending(reason: string): void {
    if (this.#status !== 'starting' && this.#status !== 'pending') return;
    this.#pending = reason;
    if (this.#status === 'pending') this.#changed(this.report());
  }

  /** It is ready, whatever else ails it. */
  ready(): void {
    this.#pending = undefined;
    if (this.#status === 'pending') this.#become(this.#health());
  }

  skipped(reason: string): void {
    this.#endStart();
    this.#reason = reason;
    this.#become('skipped');
  }

  failed(error: HawserError): void {
    this.#endStart();
    this.#error = error;
    this.#become('failed');
  }

  stopping(reason: string): void {
    this.#endStart();
    this.#reason = reason;
    this.#become('stopping');
  }

  stopped(error: HawserError | undefined): void {
    this.#error = error;
    this.#become('stopped');
  }

  /** Whether that is news: what says the same again, as a worker does with each round, is told to nobody. */
  degrade(source: string, error: HawserError): boolean {
    if (this.#status !== 'starting' && !serves(this.#status)) return false;
    const former = this.#ailments.get(source);
    this.#ailments.set(source, error);
    if (former?.code === error.code && former.message === error.message) return false;
    if (this.#status === 'ok') this.#become('degraded');
    else if (this.#status === 'degraded' || this.#status === 'pending') this.#changed(this.report());
    return true;
  }

  recover(source: string): void {
    if (!this.#ailments.delete(source)) return;
    if (this.#ailments.size === 0 && this.#status === 'degraded') this.#become('ok');
  }

  /** As a clause that follows the plugin's name: `is disabled (not configured)`, `has failed: …`. */
  why(): string {
    const reason = this.#reasonNow() ?? this.error?.message ?? 'no reason given';
    const clauses: Readonly<Record<PluginStatus, string>> = {
      disabled: `is disabled (${reason})`,
      skipped: `was skipped: ${reason}`,
      failed: `has failed: ${reason}`,
      degraded: `is degraded: ${reason}`,
      starting: 'is still starting',
      pending: `is not ready yet: ${reason}`,
      stopping: 'is stopping',
      stopped: 'has stopped',
      ok: 'is ok',
    };
    return clauses[this.#status];
  }

  report(): PluginReport {
    const { error } = this;
    const reason = this.#reasonNow();
    return {
      ...describePlugin(this.#planned.plugin),
      status: this.#status,
      ...(reason === undefined ? {} : { reason }),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message, remedy: error.remedy } }),
      startMs: this.#startMs ?? (this.#begunAt === undefined ? 0 : this.#elapsed(this.#begunAt)),
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
    };
  }

  #health(): PluginStatus {
    if (this.#pending !== undefined) return 'pending';
    return this.#ailments.size === 0 ? 'ok' : 'degraded';
  }

  #reasonNow(): string | undefined {
    return this.#status === 'pending' ? this.#pending : this.#reason;
  }

  #become(status: PluginStatus): void {
    if (!mayBecome(this.#status, status)) return;
    this.#status = status;
    if (status !== 'degraded' && status !== 'pending' && status !== 'stopping') this.#ailments.clear();
    this.#changed(this.report());
  }

  #endStart(): void {
    this.#startMs ??= this.#begunAt === undefined ? 0 : this.#elapsed(this.#begunAt);
  }

  #elapsed(since: number): number {
    return Math.round((this.#clock.monotonic() - since) * 10) / 10;
  }
}
