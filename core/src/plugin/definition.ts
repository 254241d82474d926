import type { Logger } from 'pino';
import type * as z from 'zod';
import type { Context } from '../context/index.ts';
import type { ErrorFactory } from '../errors/index.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Finding } from './finding.ts';
import type { Scope } from './scope.ts';
import type { Requirement, Token } from './token.ts';
import type { Topic } from './topic.ts';

/** How far a plugin's behaviour and config may still change. */
export type Stability = 'stable' | 'beta' | 'alpha' | 'deprecated';

/** What a plugin requires: property name → token or requirement. */
export type Requires = Readonly<Record<string, Requirement>>;

/** The values a plugin gets for what it requires. */
export type Resolved<R extends Requires> = { readonly [K in keyof R]: R[K] extends Requirement<infer T> ? T : never };

/** Returned by `skip(reason)`: the plugin finds that it isn't needed or can't work here, which is no failure. */
export interface Skipped {
  readonly skipped: string;
}

/** A plugin's own word on how it does after it has started. */
export interface StatusReporter {
  /**
   * Called in `start`: what start returns serves already, but the plugin is ready only later, by `ok()` or `degraded()`. Plugins that
   * require it start meanwhile; the agent calls itself ready when none is pending. Called again it changes the reason;
   * once the plugin has been ready it changes nothing.
   */
  pending(reason: string): void;
  /** It is ready and serves, with less than its full promise. Stays until `ok()`. */
  degraded(error: Error): void;
  /** It is ready, or has recovered. */
  ok(): void;
}

/** What `start` gets beside the values of `requires`. */
export interface StartContext<Settings> extends Context {
  /** `type.id`, e.g. `hawser.ipam.v1.range`. */
  readonly uri: string;
  /** The validated config with its defaults. */
  readonly config: Settings;
  /** Aborts when the plugin is to stop, with the reason, and when its start deadline passes. */
  readonly signal: AbortSignal;
  /** Takes what has to be released at stop, in reverse order. */
  readonly scope: Scope;
  readonly status: StatusReporter;
  readonly log: Logger;
  /**
   * Offers to take new settings while it runs, so that a reload need not restart it and what requires it. `apply` gets
   * settings that the schema has accepted, never two at once; the signal aborts at the plugin's start deadline and at stop. It
   * resolves when they are in force. One that rejects is started again with its former settings, and the reload fails.
   * `keys`: the top-level keys that it takes so, all unless told; other changes restart it.
   */
  onReconfigure(apply: Reconfigure<Settings>, keys?: readonly (keyof Settings & string)[]): void;
  /** `return skip('no IPv6 on this host')`. */
  skip(reason: string): Skipped;
}

/** Puts other settings in force in a plugin that goes on running. */
export type Reconfigure<Settings> = (settings: Settings, call: { readonly signal: AbortSignal }) => void | Promise<void>;

/** What `examine` gets. */
export interface ExamineContext<Settings> extends Context {
  /** The validated config with its defaults. */
  readonly config: Settings;
  /** Aborts when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/** Makes a table of one version of a plugin's settings one of the next. Pure; gets a copy, which it may change and return. */
export type ConfigMigration = (table: Record<string, JsonValue | undefined>) => JsonObject;

/** One registration. */
export interface PluginDefinition<
  T = unknown,
  Type extends string = string,
  Id extends string = string,
  R extends Requires = Requires,
  C extends z.ZodType = z.ZodType,
> {
  /** The contract this plugin provides; its id is the plugin's type. */
  readonly provides: Token<T, Type>;
  readonly id: Id;
  /** `stable` unless told. */
  readonly stability?: Stability;
  /** One sentence for listings. */
  readonly summary: string;
  /** Version of the package, for `hawser version`. */
  readonly version?: string;
  /** Schema of its table under `[plugins."type.id"]`; a plugin without one takes no settings. */
  readonly config?: C;
  /**
   * Version of what `config` takes, from 1, which it is unless told. A table says which one it has by the reserved key
   * `config_version`; one that says none has version 1. `config` itself never sees that key.
   */
  readonly configVersion?: number;
  /** Version → how a table of it becomes one of the next; a version that has none here is refused as too old. */
  readonly configMigrations?: Readonly<Record<number, ConfigMigration>>;
  /**
   * When the plugin is part of the boot: `always` (default), or `configured`: only when it has a table in the
   * config, as modes are.
   */
  readonly enabled?: 'always' | 'configured';
  readonly requires?: R;
  /** Its part of the error catalogue. */
  readonly errors?: Readonly<Record<string, ErrorFactory>>;
  /** The kinds of events that it publishes. */
  readonly topics?: readonly Topic[];
  /** Milliseconds that start may take; 10,000 unless told. */
  readonly startDeadlineMs?: number;
  /** Milliseconds that all releases of its scope together may take; 10,000 unless told. */
  readonly stopDeadlineMs?: number;
  /**
   * What `hawser doctor` asks, with or without an agent beside it: whether this machine has what the plugin needs.
   * Looks and changes nothing, keeps nothing open, requires no other plugin.
   */
  examine?(context: ExamineContext<z.output<C>>): Promise<readonly Finding[]>;
  start(context: StartContext<z.output<C>> & Resolved<R>): NoInfer<T> | Skipped | Promise<NoInfer<T> | Skipped>;
}

/** A definition of which only what the kernel needs is known. */
export interface AnyPlugin extends Omit<PluginDefinition, 'start' | 'examine'> {
  // oxlint-disable-next-line typescript/no-explicit-any -- the one place where definitions of every type stand side by side
  examine?(context: ExamineContext<any>): Promise<readonly Finding[]>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  start(context: StartContext<any> & Resolved<any>): unknown;
}

/**
 * Declares a plugin. The type of what `start` returns must satisfy the token's contract; what `requires` names
 * arrives in `start` under the same names.
 */
export function definePlugin<
  T,
  const Type extends string,
  const Id extends string,
  const R extends Requires = Record<never, never>,
  C extends z.ZodType = z.ZodType<Record<string, never>>,
>(definition: PluginDefinition<T, Type, Id, R, C>): PluginDefinition<T, Type, Id, R, C> {
  return Object.freeze(definition);
}
