import type { AnyPlugin, StartContext } from './definition.ts';
import type { Requirement } from './token.ts';

type UriOf<P> = P extends AnyPlugin ? `${P['provides']['id']}.${P['id']}` : never;

/** URI → places in the tuple; a URI that is there twice has a union of them. */
type Places<P extends readonly AnyPlugin[]> = { [K in keyof P & `${number}` as UriOf<P[K]>]: K };

type IsUnion<T, Whole = T> = T extends Whole ? ([Whole] extends [T] ? false : true) : never;

/** What a requirement names: a plugin's URI where it goes by id, else a type. */
type TargetOf<R> =
  R extends Requirement<unknown, infer Type, infer Cardinality, infer ById>
    ? Cardinality extends 'byId'
      ? `${Type}.${ById}`
      : Type
    : never;

/** The sentence for one requirement of a plugin of this id, type and URI, or never. */
type RequirementFault<Id extends string, Own extends string, R, There extends string> =
  R extends Requirement<unknown, string, infer Cardinality>
    ? TargetOf<R> extends Own
      ? `plugin '${Id}' requires '${TargetOf<R>}', which it provides itself`
      : Cardinality extends 'one' | 'byId'
        ? TargetOf<R> extends There
          ? never
          : `plugin '${Id}' requires '${TargetOf<R>}', which no plugin in this set provides`
        : never
    : never;

/** The sentences for all requirements of one plugin, or never; a definition of unknown type has none. */
type RequirementFaults<P extends AnyPlugin, There extends string> = P extends { readonly requires?: infer R }
  ? string extends keyof NonNullable<R>
    ? never
    :
        | { [K in keyof NonNullable<R>]: RequirementFault<P['id'], OwnNames<P>, NonNullable<R>[K], There> }[keyof NonNullable<R>]
        | ReservedFault<P['id'], keyof NonNullable<R>>
  : never;

/** What start gets has the names of its context and those in `requires` side by side. */
type ReservedFault<Id extends string, Name> = Name extends keyof StartContext<unknown>
  ? `plugin '${Id}' requires something as '${Name}', a name that start already has`
  : never;

/** A type's id ends in its version; a name that is no literal is left to the boot. */
type NameFaults<P extends AnyPlugin> =
  | (P['provides']['id'] extends infer Type extends string
      ? string extends Type
        ? never
        : Type extends `${string}.v${number}`
          ? never
          : `plugin '${P['id']}' provides '${Type}', which is no type id`
      : never)
  | (string extends P['id']
      ? never
      : P['id'] extends Lowercase<P['id']>
        ? never
        : `plugin '${UriOf<P>}' has the id '${P['id']}', which is none`);

/** Its type and its URI; of a definition of unknown type none. */
type OwnNames<P extends AnyPlugin> = string extends P['id'] ? never : P['provides']['id'] | UriOf<P>;

/** A URI that is no literal can't be told from another. */
type DuplicateFault<P extends AnyPlugin, Seen> = string extends P['id']
  ? never
  : UriOf<P> extends keyof Seen
    ? IsUnion<Seen[UriOf<P>]> extends true
      ? `plugin '${UriOf<P>}' is in this set twice`
      : never
    : never;

type Checked<P extends AnyPlugin, Types extends string, Seen> =
  | RequirementFaults<P, Types | (keyof Seen & string)>
  | DuplicateFault<P, Seen>
  | NameFaults<P> extends infer Fault
  ? [Fault] extends [never]
    ? P
    : Fault
  : never;

/**
 * A set of plugins, with a sentence in the place of each one at fault. Sets whose length isn't known aren't checked here:
 * `planBoot` says the same at boot. So it does for what depends on the config: several providers where one is
 * required (all but one may be disabled), and circles.
 */
export type CheckedAssembly<P extends readonly AnyPlugin[]> = number extends P['length']
  ? P
  : { readonly [K in keyof P]: Checked<P[K], P[number]['provides']['id'], Places<P>> };

/**
 * A static set of plugins. A provider that is missing, a plugin that requires itself or gets something under a name that start
 * has, one that is there twice, or a type without a version fails to compile at the element at fault, with the sentence that
 * boot would say.
 */
export function assemble<const P extends readonly AnyPlugin[]>(plugins: CheckedAssembly<P>): P;
export function assemble(plugins: readonly AnyPlugin[]): readonly AnyPlugin[] {
  return plugins;
}
