import type { Logger } from 'pino';
import { type AgentConfig, loadConfig, type ProxyFactory } from '../config/index.ts';
import type { Context } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { AnyPlugin } from '../plugin/index.ts';
import { pluginErrors, renderBootTree } from '../plugin/index.ts';
import { Health } from '../telemetry/health.ts';
import type { ConfigSource } from './config-reloader.ts';
import { withCoreRequired } from './core-required.ts';
import { keepTrim } from './keep-trim.ts';
import { openServiceManager, type ServiceManager, watchdogMs } from './service-manager.ts';
import { type Agent, type AgentOptions, startAgent } from './start-agent.ts';

/** Where signals come from: the process, or a test's stand-in. */
export interface SignalSource {
  on(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: (name: NodeJS.Signals) => void): unknown;
  off(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: (name: NodeJS.Signals) => void): unknown;
}

/** What an agent in the foreground is run with. */
export interface RunOptions {
  readonly name: string;
  readonly version: string;
  readonly plugins: readonly AnyPlugin[];
  /** Who makes plugins of the config's `[proxy_plugins]`. */
  readonly proxies?: () => Promise<ProxyFactory>;
  readonly configFile: string | undefined;
  /** Whether a config file that isn't there means all defaults. */
  readonly configMissingOk: boolean;
  readonly context: Context;
  readonly log: Logger;
  readonly signals: SignalSource;
  readonly notifySocket: string | undefined;
  /** WATCHDOG_USEC and WATCHDOG_PID, as the service manager sets them. */
  readonly watchdog?: { readonly usec: string | undefined; readonly pid: string | undefined };
  /** Runs when the agent is ready, and again after each reload, e.g. to tell runtimes of it; its failure is a warning. */
  readonly onReady?: (agent: Agent) => Promise<void>;
  /** Ends the process at once; only for the second signal. */
  readonly exit: (code: number) => void;
}

/**
 * The agent in the foreground, from config to the last release. Resolves with the exit code: 0 after a clean stop,
 * 1 when a plugin could not be stopped. SIGTERM and SIGINT drain; a second one ends the process at once. SIGHUP reloads the
 * config; one that comes before the agent is ready waits for that.
 */
export async function runAgent(options: RunOptions): Promise<number> {
  const { log } = options;
  using signals = watchSignals(options);
  const read = (): Promise<AgentConfig> => readConfig(options);
  const config = await read();
  if (config.files.length === 0) log.info({ file: options.configFile }, 'there is no config file: running with the defaults');
  const manager = await openServiceManager(options.notifySocket);
  let isLive = (): boolean => true;
  using _alive = pingWatchdog(options, manager, () => isLive());
  let announced: Agent | undefined;
  const source = { read, ...reloadNotices(options, manager, signals.stop, () => announced) };
  const agent = await startUnlessStopped({ ...options, config, source, signal: signals.stop });
  if (agent === undefined) return 0;
  isLive = () => agent.get(Health)?.live().ok ?? true;
  if (await becomeReady(agent, options, manager, signals.stop)) announced = agent;
  // What it could not do it has logged.
  using _reloads = signals.onReload(() => void agent.reload({ dryRun: false }).catch(() => undefined));
  if (!signals.stop.aborted) await new Promise((resolve) => signals.stop.addEventListener('abort', resolve, { once: true }));
  return await drain(agent, String(signals.stop.reason), manager, log);
}

/** The config as it stands now. What of it is of an older version works, and is told each time. */
async function readConfig({ configFile, plugins, proxies, configMissingOk, log }: RunOptions): Promise<AgentConfig> {
  const config = await loadConfig({
    file: configFile,
    plugins,
    proxies,
    missingOk: configMissingOk,
    lines: 'for_faults',
    kernelConfig: withCoreRequired,
  });
  for (const { key, message, ...place } of config.warnings) log.warn(place, `${key} ${message}`);
  return config;
}

/** Serving is not being ready: that waits for every plugin. False where a signal to stop came first. */
async function becomeReady(agent: Agent, options: RunOptions, manager: ServiceManager, stop: AbortSignal): Promise<boolean> {
  if (!(await isReady(agent, stop))) return false;
  announceReady(agent, options, manager);
  await options.onReady?.(agent).catch((error: unknown) => warn(options.log, error));
  keepTrim({ clock: options.context.clock, trim, failed: (error) => warn(options.log, error) }, stop);
  return true;
}

/** Loaded when it is needed, which is after the boot. */
async function trim(): Promise<void> {
  const { trimMemory } = await import('./trim-memory.ts');
  await trimMemory();
}

async function isReady(agent: Agent, stop: AbortSignal): Promise<boolean> {
  try {
    await agent.whenReady(stop);
    return !stop.aborted;
  } catch (error) {
    if (stop.aborted) return false;
    throw error;
  }
}

/**
 * Asked for by SIGHUP or through the API, a reload is one to the service manager, and READY comes again when all plugins are.
 * Before the agent has been announced it is nobody's business.
 */
function reloadNotices(
  { log, onReady }: RunOptions,
  manager: ServiceManager,
  stop: AbortSignal,
  announced: () => Agent | undefined,
): Required<Pick<ConfigSource, 'begun' | 'ended'>> {
  const ended = async (agent: Agent, outcome: 'reloaded' | 'rejected'): Promise<void> => {
    if (!(await isReady(agent, stop))) return;
    tell(manager, `READY=1\nSTATUS=the config was ${outcome}`, log);
    if (outcome === 'reloaded') await onReady?.(agent);
  };
  return {
    begun: () => {
      if (announced() !== undefined) tell(manager, `RELOADING=1\nMONOTONIC_USEC=${monotonicUsec()}\nSTATUS=reloading the config`, log);
    },
    ended: (outcome) => {
      const agent = announced();
      if (agent !== undefined) ended(agent, outcome).catch((error: unknown) => warn(log, error));
    },
  };
}

/** CLOCK_MONOTONIC, in which the service manager orders notices. */
function monotonicUsec(): bigint {
  // oxlint-disable-next-line walls/time -- the service manager compares it with its own clock
  return process.hrtime.bigint() / 1000n;
}

/**
 * Says that it lives, twice in the time that the service manager allows. An event loop that stands still says nothing; nor
 * does an agent of which the health plugin says that only a new start would mend it.
 */
function pingWatchdog({ watchdog, context, log }: RunOptions, manager: ServiceManager, isLive: () => boolean): Disposable {
  const ms = watchdog === undefined ? undefined : watchdogMs(watchdog.usec, watchdog.pid);
  let timer: Disposable | undefined;
  const ping = (every: number): void => {
    if (isLive()) tell(manager, 'WATCHDOG=1', log);
    timer = context.clock.timer(every, () => ping(every));
  };
  if (ms !== undefined) ping(ms / 2);
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/** Who is told to stop while it starts, and does, has done what it was told. */
async function startUnlessStopped(options: AgentOptions & { readonly signal: AbortSignal }): Promise<Agent | undefined> {
  try {
    return await startAgent(options);
  } catch (error) {
    if (!pluginErrors.bootCancelled.is(error)) throw error;
    options.log.info({ reason: options.signal.reason }, 'stopped before it was ready');
    return undefined;
  }
}

function announceReady(agent: Agent, { log, name, version, context }: RunOptions, manager: ServiceManager): void {
  const reports = agent.reports();
  log.debug(`boot\n${renderBootTree(reports, agent.bootMs)}`);
  // The system's monotonic clock counts from the start of the process: `processMs` has the loading of modules in it.
  const ready = {
    name,
    version,
    socket: agent.socket,
    durationMs: Math.round(agent.bootMs),
    processMs: Math.round(context.clock.monotonic()),
    plugins: reports.filter((report) => report.status === 'ok').length,
  };
  log.info(ready, 'ready');
  tell(manager, `READY=1\nSTATUS=${ready.plugins} plugins serve\nMAINPID=${process.pid}`, log);
}

async function drain(agent: Agent, reason: string, manager: ServiceManager, log: Logger): Promise<number> {
  log.info({ reason }, 'stopping');
  tell(manager, `STOPPING=1\nSTATUS=stopping: ${reason}`, log);
  const report = await agent.stop(reason);
  for (const { uri, error } of report.errors) log.error({ plugin: uri, err: error, code: error.code }, 'stopping failed');
  log.info({ reason, durationMs: Math.round(report.durationMs) }, 'stopped');
  return report.errors.length === 0 ? 0 : 1;
}

/** A service manager that can't be told is a remark; the agent serves all the same. */
function tell(manager: ServiceManager, state: string, log: Logger): void {
  try {
    manager.notify(state);
  } catch (error) {
    warn(log, error);
  }
}

function warn(log: Logger, error: unknown): void {
  const { code, message, remedy } = toHawserError(error);
  log.warn({ code, remedy }, message);
}

/** The signals of one run. */
interface Signals extends Disposable {
  /** Aborts at the first SIGTERM or SIGINT; its reason is a sentence. */
  readonly stop: AbortSignal;
  /** Who does what SIGHUP asks for; called at once where one came before. */
  onReload(reload: () => void): Disposable;
}

const STOPS = ['SIGTERM', 'SIGINT'] as const;

function watchSignals({ signals, exit, log }: RunOptions): Signals {
  const stop = new AbortController();
  const onStop = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      log.warn({ signal }, 'a second signal: ending at once, what is left is taken up at the next start');
      exit(signal === 'SIGINT' ? 130 : 143);
    }
    stop.abort(`received ${signal}`);
  };
  let waits = false;
  let reload = (): void => void (waits = true);
  const onReload = () => {
    log.info('received SIGHUP: reading the config again');
    reload();
  };
  for (const name of STOPS) signals.on(name, onStop);
  signals.on('SIGHUP', onReload);
  return {
    stop: stop.signal,
    onReload: (listener) => {
      reload = listener;
      if (waits) reload();
      return { [Symbol.dispose]: () => void (reload = () => undefined) };
    },
    [Symbol.dispose]: () => {
      for (const name of STOPS) signals.off(name, onStop);
      signals.off('SIGHUP', onReload);
    },
  };
}
