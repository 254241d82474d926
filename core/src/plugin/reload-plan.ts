import { isDeepStrictEqual } from 'node:util';
import { serves } from './lifecycle.ts';
import type { PlannedPlugin } from './planned-plugin.ts';
import type { PluginStatus } from './status.ts';
import type { Target } from './target.ts';
import { requirementsOf } from './uri.ts';

/** What a reload does to one plugin. */
export type ReloadAction = 'stop' | 'start' | 'restart' | 'reconfigure';

/** One step of a reload, with why it is taken, as a clause. */
export interface ReloadStep {
  readonly uri: string;
  readonly action: ReloadAction;
  readonly reason: string;
}

/** What a reload would do: those that stop for good, dependents first, then the others, requirements first. None: nothing is concerned. */
export interface ReloadPlan {
  readonly steps: readonly ReloadStep[];
}

/** What a plan needs to know of a plugin as it runs. */
export interface RunningPlugin {
  readonly uri: string;
  readonly status: PluginStatus;
  readonly settings: unknown;
  /** Name in `requires` → URI of the plugin that it was started with. */
  readonly providers: ReadonlyMap<string, string>;
  /** Names in `requires` whose value follows whoever provides it. */
  readonly relayed: ReadonlySet<string>;
  /** Whether nobody can say which settings are in force. */
  readonly isUncertain: boolean;
  canReconfigure(keys: readonly string[]): boolean;
}

/** What one plugin's step is decided by. */
interface Deciding {
  readonly planned: PlannedPlugin;
  readonly old: RunningPlugin | undefined;
  readonly target: Target;
  /** Those before it in start order, by URI. */
  readonly steps: ReadonlyMap<string, ReloadStep>;
  readonly running: ReadonlyMap<string, RunningPlugin>;
}

type Decision = Omit<ReloadStep, 'uri'> | undefined;

/** The way from what runs to a target: pure. One that has failed or was skipped is tried again only where the change concerns it. */
export function planReload(present: readonly RunningPlugin[], target: Target): ReloadPlan {
  const running = new Map(present.map((plugin) => [plugin.uri, plugin]));
  const steps = new Map<string, ReloadStep>();
  for (const planned of target.plan.order) {
    const { uri } = planned;
    const decision = decide({ planned, old: running.get(uri), target, steps, running });
    if (decision !== undefined) steps.set(uri, { uri, ...decision });
  }
  const planned = new Set(target.plan.order.map(({ uri }) => uri));
  const gone = present
    .filter(({ uri, status }) => !planned.has(uri) && serves(status))
    .map(({ uri }): ReloadStep => ({ uri, action: 'stop', reason: 'it is no longer in this agent' }));
  const stops = new Map([...steps.values(), ...gone].filter(({ action }) => action === 'stop').map((step) => [step.uri, step]));
  const others = [...steps.values()].filter(({ action }) => action !== 'stop');
  return { steps: [...present.toReversed().flatMap(({ uri }) => stops.get(uri) ?? []), ...others] };
}

function decide(deciding: Deciding): Decision {
  const { planned, old, target } = deciding;
  if (planned.disabled !== undefined) {
    return old !== undefined && serves(old.status) ? { action: 'stop', reason: `it is ${planned.disabled}` } : undefined;
  }
  if (old === undefined || old.status === 'disabled') return { action: 'start', reason: 'it takes part now' };
  const keys = changedKeys(old.settings, target.settings.get(planned.uri));
  const settingsChanged = `its settings have changed: ${keys.join(', ')}`;
  const requirement = changedRequirement(deciding, old);
  if (!serves(old.status)) return restartOfIdle(deciding, old, requirement ?? (keys.length > 0 ? settingsChanged : undefined));
  if (old.isUncertain) return { action: 'restart', reason: 'it did not take its settings, and nobody knows which are in force' };
  if (requirement !== undefined) return { action: 'restart', reason: requirement };
  if (keys.length === 0) return undefined;
  return { action: old.canReconfigure(keys) ? 'reconfigure' : 'restart', reason: settingsChanged };
}

/** One that doesn't serve: it has failed, was skipped, or an earlier reload has stopped it on its way. */
function restartOfIdle({ planned, target }: Deciding, { status }: RunningPlugin, change: string | undefined): Decision {
  if (change !== undefined) return { action: 'start', reason: change };
  if (status === 'stopped' || status === 'stopping' || status === 'starting') return { action: 'start', reason: 'it was stopped' };
  if (target.config.required.has(planned.uri)) return { action: 'start', reason: `it is required, but ${status}` };
  return undefined;
}

/**
 * Why what the plugin would be started with differs from what it was started with. Who asks for all has a live view, and a relay
 * follows.
 */
function changedRequirement({ planned, target, steps, running }: Deciding, old: RunningPlugin): string | undefined {
  const enabled = new Set(target.plan.order.filter(({ disabled }) => disabled === undefined).map(({ uri }) => uri));
  for (const [name, { cardinality }] of requirementsOf(planned.plugin)) {
    if (cardinality === 'all' || old.relayed.has(name)) continue;
    const before = old.providers.get(name);
    const after = (planned.providers.get(name) ?? []).find((uri) => enabled.has(uri));
    const step = after === undefined ? undefined : steps.get(after);
    if (after !== undefined && (step?.action === 'start' || step?.action === 'restart')) {
      return `it requires '${after}', which ${step.action === 'start' ? 'starts' : 'is restarted'}`;
    }
    const provided = after !== undefined && serves(running.get(after)?.status ?? 'disabled') ? after : undefined;
    if (before === provided) continue;
    if (provided === undefined) return `it requires '${before}', which stops`;
    if (before !== undefined) return `it takes '${provided}' in place of '${before}'`;
    // What it could have had since it started, it gets with the next change that concerns it.
  }
  return undefined;
}

/** Top-level keys whose values differ; the empty one where the settings are no tables. */
function changedKeys(before: unknown, after: unknown): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [''];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
