import type { Pattern } from './pattern.ts';

/**
 * One condition on one field. `present`: the field is there. `==`: it is there and has this value. `!=`: it is not
 * there or has another value. `~=`: it is there and some part of its value matches.
 */
export type Selector =
  | { readonly path: readonly string[]; readonly operator: 'present' }
  | { readonly path: readonly string[]; readonly operator: '==' | '!='; readonly value: string }
  | { readonly path: readonly string[]; readonly operator: '~='; readonly pattern: Pattern };

/** What one text says: all of its selectors hold. Never empty. */
export interface Filter {
  readonly selectors: readonly Selector[];
}

/**
 * What a record has at a path: undefined where it has no such field. A field with several values (the addresses of an
 * attachment) answers with all of them: `==` and `~=` ask for one that fits, `!=` that none does.
 */
export type Fields = (path: readonly string[]) => string | readonly string[] | undefined;

/** Whether a record is meant. */
export type FilterPredicate = (fields: Fields) => boolean;
