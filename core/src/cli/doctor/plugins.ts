import { withCoreRequired } from '../../agent/core-required.ts';
import type { AgentConfig } from '../../config/index.ts';
import { systemContext, withDeadline } from '../../context/index.ts';
import { toHawserError } from '../../errors/index.ts';
import { Attachments, NetworkMode } from '../../network/index.ts';
import { pluginErrors } from '../../plugin/errors.ts';
import { type AnyPlugin, type ExamineContext, planBoot } from '../../plugin/index.ts';
import { keepAlive } from '../../plugin/keep-alive.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

/** As long as a start may take. */
const PATIENCE_MS = 10_000;

/** What the plugins that this config switches on say of the machine. None is started: an agent may run beside. */
export async function checkPlugins(config: AgentConfig, signal: AbortSignal, context = systemContext): Promise<readonly Finding[]> {
  const { order, faults } = planBoot(config.allPlugins, withCoreRequired(config));
  const on = order.filter(({ disabled }) => disabled === undefined);
  const findings = await Promise.all(
    on.map(({ uri, plugin }) => examine(plugin, { ...context, config: config.plugins.settings.get(uri), signal })),
  );
  const wiring = faults.map(({ message, remedy }) => fail('plugins', message, remedy));
  return [...wiring, ...findings.flat(), ...checkModes(on.map(({ plugin }) => plugin))];
}

/** An agent that attaches pods can attach none without a mode, though nothing of it has failed. */
function checkModes(on: readonly AnyPlugin[]): readonly Finding[] {
  const idsOf = (type: string): readonly string[] => on.filter(({ provides }) => provides.id === type).map(({ id }) => id);
  if (idsOf(Attachments.id).length === 0) return [];
  const modes = idsOf(NetworkMode.id);
  if (modes.length > 0) return [ok('modes', modes.join(', '))];
  return [
    warn('modes', 'no network mode is on: no pod could be attached', 'Give one a table in the config; `hawser config default` lists them.'),
  ];
}

async function examine(plugin: AnyPlugin, context: ExamineContext<unknown>): Promise<readonly Finding[]> {
  // Who waits for what never comes would end the process as if all were well.
  using _alive = keepAlive();
  const { clock, signal } = context;
  const late = () => pluginErrors.examineDeadline(`its examination did not end within ${PATIENCE_MS / 1_000} s`);
  try {
    const ask = (patience: AbortSignal) => plugin.examine?.({ ...context, signal: patience });
    const found: unknown = (await withDeadline(clock, PATIENCE_MS, late, async (patience) => ask(patience), signal)) ?? [];
    return Array.isArray(found) ? found.map((one) => (isFinding(one) ? one : noFinding(plugin))) : [noFinding(plugin)];
  } catch (thrown) {
    const { message, remedy } = toHawserError(thrown);
    return [fail(plugin.id, message, remedy)];
  }
}

const STATUSES: ReadonlySet<unknown> = new Set<Finding['status']>(['ok', 'warn', 'fail', 'skip']);

function isFinding(value: unknown): value is Finding {
  if (typeof value !== 'object' || value === null) return false;
  const { check, status, found, remedy = '' } = Object.fromEntries(Object.entries(value));
  return [check, found, remedy].every((text) => typeof text === 'string') && STATUSES.has(status);
}

const noFinding = ({ id }: AnyPlugin): Finding =>
  fail(id, 'its examination gave what is no finding', 'This is a defect of the plugin: report it to its author.');
