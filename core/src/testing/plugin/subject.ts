import { pino } from 'pino';
import type * as z from 'zod';
import { systemContext } from '../../context/index.ts';
import type { JsonObject } from '../../json.ts';
import { type AnyPlugin, boot, type Kernel, type Token } from '../../plugin/index.ts';
import { Undertakings } from './undertakings.ts';

/** What a plugin provides. */
export type ServiceOf<P extends AnyPlugin> = P extends { readonly provides: Token<infer T> } ? T : never;

/** What a plugin needs for the contract to start it. */
export interface PluginContractOptions<T = unknown> {
  /** The plugin's table as a user writes it; its defaults unless told. */
  readonly config?: JsonObject;
  /** Plugins that provide what it requires: fakes, or real ones. Made anew for each boot. */
  readonly requires?: () => readonly AnyPlugin[] | Promise<readonly AnyPlugin[]>;
  /** Runs after each test, for what `requires` has taken. */
  readonly release?: () => Promise<void>;
  /** The module that exports it, or a package's name: told, a process of its own imports it and looks whether that does any work. */
  readonly module?: URL | string;
  /** Calls of its service that must settle, however, also when it has stopped. */
  readonly calls?: (service: T) => readonly unknown[];
}

/** A plugin under the contract, with what it is started on. */
export class Subject {
  readonly plugin: AnyPlugin;
  readonly options: PluginContractOptions;
  readonly uri: string;
  #hasStarted = false;

  constructor(plugin: AnyPlugin, options: PluginContractOptions) {
    this.plugin = plugin;
    this.options = options;
    this.uri = `${plugin.provides.id}.${plugin.id}`;
  }

  get config(): z.ZodType | undefined {
    return this.plugin.config;
  }

  /** Its settings as start gets them. */
  get settings(): unknown {
    const parsed = this.config?.safeParse(this.options.config ?? {});
    if (parsed?.success !== false) return parsed?.data ?? {};
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`the contract's option 'config' is not what its schema asks for: ${faults.join('; ')}`);
  }

  /** Whether it has served before. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** How long it may take to start and to stop by its own word. */
  get deadlinesMs(): number {
    const { startDeadlineMs = 10_000, stopDeadlineMs = 10_000 } = this.plugin;
    return startDeadlineMs + stopDeadlineMs;
  }

  async start({ signal, onStart = () => {} }: StartOptions = {}): Promise<Run> {
    const undertakings = new Undertakings();
    const watched: AnyPlugin = {
      ...this.plugin,
      start: (context) => {
        const call = (async () => this.plugin.start({ ...context, scope: undertakings.scope(context.scope) }))();
        onStart(call);
        return call;
      },
    };
    const kernel = await boot({
      plugins: [...((await this.options.requires?.()) ?? []), watched],
      config: {
        settings: new Map([[this.uri, this.settings]]),
        configured: new Set([this.uri]),
        disabled: new Set(),
        required: new Set(),
      },
      context: systemContext,
      log: pino({ level: 'silent' }),
      ...(signal === undefined ? {} : { signal }),
    });
    const run = new Run(this, kernel, undertakings);
    this.#hasStarted ||= run.fault === undefined;
    return run;
  }
}

interface StartOptions {
  readonly signal?: AbortSignal;
  /** Gets what start has returned, as soon as it has. */
  readonly onStart?: (call: Promise<unknown>) => void;
}

/** One start of it and what came of that. */
export class Run {
  readonly #subject: Subject;
  readonly #kernel: Kernel;
  readonly #undertakings: Undertakings;

  constructor(subject: Subject, kernel: Kernel, undertakings: Undertakings) {
    this.#subject = subject;
    this.#kernel = kernel;
    this.#undertakings = undertakings;
  }

  /** Undefined where it did not start, or has skipped itself. */
  get service(): unknown {
    return this.#kernel.get(this.#subject.plugin.provides, this.#subject.plugin.id);
  }

  /** Why it doesn't serve, as a clause; undefined where it does, or has skipped itself. */
  get fault(): string | undefined {
    const report = this.#kernel.reports().find(({ uri }) => uri === this.#subject.uri);
    if (report !== undefined && ['ok', 'degraded', 'pending', 'skipped'].includes(report.status)) return undefined;
    return report?.error?.message ?? `it is ${report?.status ?? 'not there'}`;
  }

  /** Stops everything; what of the plugin did not end or failed to, one sentence each. */
  async stop(): Promise<readonly string[]> {
    const { errors } = await this.#kernel.stop('the contract asks for it');
    const open = this.#undertakings.open();
    const told = errors.filter(({ error }) => open.length === 0 || error.code !== 'plugin.stop_deadline');
    return [...open, ...told.map(({ error }) => error.message)];
  }
}
