import { HawserError, messageOf, toHawserError } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import type { StopReport } from './kernel.ts';
import { serves } from './lifecycle.ts';
import type { PluginSet } from './plugin-set.ts';
import { planReload, type ReloadPlan, type ReloadStep } from './reload-plan.ts';
import type { Target } from './target.ts';

export interface ReloadOptions {
  readonly set: PluginSet;
  /** What the set is. */
  readonly from: Target;
  /** What it is to become. */
  readonly to: Target;
  /** Aborts when the kernel is told to stop: nothing new is begun then, and nothing is put back. */
  readonly signal: AbortSignal;
}

const REASON = 'the config was reloaded';

/** One reload of a set of plugins: forward, and back again where a step fails. */
export class Reload {
  readonly #options: ReloadOptions;
  readonly #released: { uri: string; error: HawserError }[] = [];

  constructor(options: ReloadOptions) {
    this.#options = options;
  }

  /** Resolves when the set is as it is to be; for what it rejects with see `Kernel.reload`. */
  async run(): Promise<ReloadPlan & Pick<StopReport, 'errors'>> {
    const { set, from, to, signal } = this.#options;
    this.#checkGoing();
    const runs = set.runs();
    const before = new Map(runs.map((run) => [run.uri, run.status]));
    const plan = planReload(runs, to);
    try {
      await this.#replace(plan.steps, to);
      this.#checkOutcomes(plan.steps, before);
      for (const step of plan.steps) if (step.action === 'reconfigure') await this.#reconfigure(step, to);
      return { steps: plan.steps, errors: this.#released };
    } catch (thrown) {
      if (signal.aborted) this.#checkGoing();
      const served = [...before].flatMap(([uri, status]) => (serves(status) ? [uri] : []));
      throw await this.#goBack(toHawserError(thrown), from, served);
    }
  }

  /** Stops what is to stop or to restart, dependents first; then starts what is to start, requirements first. */
  async #replace(steps: readonly ReloadStep[], target: Target): Promise<void> {
    const { set, signal } = this.#options;
    const ending = new Set(steps.filter(({ action }) => action !== 'reconfigure').map(({ uri }) => uri));
    const starting = new Set(steps.filter(({ action }) => action === 'start' || action === 'restart').map(({ uri }) => uri));
    for (const run of set.runs().toReversed()) {
      if (!ending.has(run.uri)) continue;
      for (const error of await set.stop(run, REASON)) this.#released.push({ uri: run.uri, error });
      this.#checkGoing();
    }
    const keep = (uri: string): boolean => !ending.has(uri) && set.run(uri)?.status !== 'disabled';
    set.arrange({ plan: target.plan, settings: target.settings, keep });
    await set.start(starting, signal);
    this.#checkGoing();
  }

  /** Throws what the first plugin has failed with that should serve now. Whoever had failed before may fail again. */
  #checkOutcomes(steps: readonly ReloadStep[], before: ReadonlyMap<string, string>): void {
    const { set, to } = this.#options;
    const started = new Set(steps.flatMap(({ action, uri }) => (action !== 'stop' && before.get(uri) !== 'failed' ? [uri] : [])));
    // The root of several failures comes first in start order.
    const failed = set.runs().find(({ uri, status }) => status === 'failed' && started.has(uri));
    if (failed?.error !== undefined) throw failed.error;
    const missing = set.runs().find(({ uri, status }) => to.config.required.has(uri) && !serves(status));
    if (missing === undefined) return;
    const remedy = missing.error === undefined ? {} : { remedy: missing.error.remedy };
    throw pluginErrors.requiredFailed(`plugin '${missing.uri}' is in \`required\`, but ${missing.why()}`, {
      cause: missing.error,
      ...remedy,
      details: { uri: missing.uri },
    });
  }

  async #reconfigure({ uri }: ReloadStep, target: Target): Promise<void> {
    this.#checkGoing();
    try {
      await this.#options.set.run(uri)?.reconfigure(target.settings.get(uri));
    } catch (thrown) {
      if (thrown instanceof HawserError) throw thrown;
      throw pluginErrors.reconfigureFailed(`plugin '${uri}' did not take its settings: ${messageOf(thrown)}`, { cause: thrown });
    }
  }

  /** Puts back what was; resolves to the error that tells whether that went well. */
  async #goBack(error: HawserError, from: Target, served: readonly string[]): Promise<HawserError> {
    const { set, signal } = this.#options;
    // Twice: who does not take its former settings in place is restarted with them.
    for (let round = 0; round < 2; round++) {
      const { steps } = planReload(set.runs(), from);
      await this.#replace(steps, from);
      for (const step of steps) {
        if (step.action === 'reconfigure') await this.#reconfigure(step, from).catch(() => undefined);
      }
    }
    if (signal.aborted) this.#checkGoing();
    const off = set.runs().filter((run) => served.includes(run.uri) && (!serves(run.status) || run.isUncertain));
    const more = { cause: error, remedy: error.remedy, details: { code: error.code, off: off.map(({ uri }) => uri) } };
    if (off.length === 0) return pluginErrors.reloadFailed(`the reload failed, and what ran before runs again: ${error.message}`, more);
    const names = off.map((run) => `'${run.uri}' ${run.isUncertain ? 'may have other settings' : run.why()}`).join('; ');
    return pluginErrors.reloadIncomplete(`the reload failed (${error.message}), and not all is as it was: ${names}`, more);
  }

  #checkGoing(): void {
    const { signal } = this.#options;
    if (signal.aborted) throw pluginErrors.reloadCancelled('the reload was ended: the agent is stopping', { cause: signal.reason });
  }
}
