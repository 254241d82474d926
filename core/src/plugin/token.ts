import type { PluginStatus } from './status.ts';

/** What stands for a provider that may come and go while those who require it as optional go on. */
export interface Relay<T> {
  readonly value: T;
  /** From now on the value passes everything on to this provider; undefined: to nobody. */
  follow(provider: T | undefined): void;
}

/** `tell` hears of what a provider refuses when it comes, which is nobody's call. */
export type RelayFactory<T> = (tell: (error: unknown) => void) => Relay<T>;

/**
 * The typed name of a contract. `id` is literal and versioned, e.g. `hawser.ipam.v1`; a plugin provides one
 * token and requires others. `Token<Ipam, 'hawser.ipam.v1'>` by itself requires exactly one provider.
 */
export interface Token<T = unknown, Id extends string = string> {
  readonly id: Id;
  /** Only for the type checker; no value has it. */
  readonly contract?: T;
  readonly cardinality: 'one';
  /** See `TokenOptions`. */
  readonly relay?: RelayFactory<T>;
  /**
   * At most one provider; undefined where none is in the set, is skipped or has failed. Of a token with a relay: undefined only where
   * none is in the set; a provider that starts, restarts or stops later concerns nobody who requires it so.
   */
  optional(): Requirement<T | undefined, Id, 'optional'>;
  /** The provider with this id. */
  byId<const P extends string>(pluginId: P): Requirement<T, Id, 'byId', P>;
  /** Every provider with its outcome, so that one that failed does not take down who asks for all. */
  all(): Requirement<LiveProviders<T>, Id, 'all'>;
}

/** How many providers of a token a plugin requires. */
export type Cardinality = 'one' | 'optional' | 'byId' | 'all';

/** A token together with the number of providers required; what `requires` holds. */
export interface Requirement<T = unknown, Id extends string = string, C extends Cardinality = Cardinality, P extends string = string> {
  readonly id: Id;
  readonly contract?: T;
  readonly cardinality: C;
  readonly pluginId?: P;
  readonly relay?: RelayFactory<T>;
}

/** One provider of a token, whatever its status. */
export interface Provider<T> {
  readonly id: string;
  readonly uri: string;
  readonly status: PluginStatus;
  /** Its status as a clause: `is ok`, `has failed: …`. */
  readonly why: string;
  /** Absent where it doesn't serve. */
  readonly value?: T;
}

/** The providers of one token by plugin id. */
export interface Providers<T> extends Iterable<readonly [pluginId: string, value: T]> {
  /** The provider, or undefined where it isn't ok. */
  get(pluginId: string): T | undefined;
  /** Ids of the providers that are ok. */
  ids(): readonly string[];
  /** Why a provider of this id can't be had, as a clause ("is disabled", "has failed: …", "is not in this agent"). */
  whyNot(pluginId: string): string;
}

/** What who requires all providers gets: a view that changes when they do, by their own doing or by a reload of the config. */
export interface LiveProviders<T> extends Providers<T> {
  /** All of them in start order, those that don't serve too. */
  list(): readonly Provider<T>[];
}

/** What a token may have beside its id. */
export interface TokenOptions<T> {
  /**
   * Makes what stands for the provider with those who require it as optional, for contracts that are told and hardly asked: one for all
   * of them, which follows the provider. A reload that turns the provider on or off then restarts nobody else.
   */
  readonly relay?: RelayFactory<T>;
}

/**
 * Declares a contract's token.
 *
 * ```ts
 * export const Ipam = defineToken<Ipam>()('hawser.ipam.v1');
 * ```
 */
export function defineToken<T>(): <const Id extends string>(id: Id, options?: TokenOptions<T>) => Token<T, Id> {
  return <const Id extends string>(id: Id, { relay }: TokenOptions<T> = {}): Token<T, Id> => {
    const relayed = relay === undefined ? {} : { relay };
    return {
      id,
      cardinality: 'one',
      ...relayed,
      optional: () => ({ id, cardinality: 'optional', ...relayed }),
      byId: (pluginId) => ({ id, cardinality: 'byId', pluginId }),
      all: () => ({ id, cardinality: 'all' }),
    };
  };
}
