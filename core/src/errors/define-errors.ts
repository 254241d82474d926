import { type ErrorDefinition, type ErrorOptions, HawserError } from './hawser-error.ts';

/** Makes one error of the catalogue; `is` recognises it again. */
export interface ErrorFactory {
  (message: string, options?: ErrorOptions): HawserError;
  readonly code: string;
  readonly definition: ErrorDefinition;
  is(value: unknown): value is HawserError;
}

/** An area's part of the error catalogue: property name → factory. */
export type ErrorCatalogue<K extends string> = Readonly<Record<K, ErrorFactory>>;

/**
 * Declares an area's errors. The code of `defineErrors('ipam', { rangeExhausted: … })` is `ipam.range_exhausted`.
 *
 * ```ts
 * const errors = defineErrors('ipam', {
 *   rangeExhausted: { kind: 'ResourceExhausted', remedy: 'Add a range to the configuration.' },
 * });
 * throw errors.rangeExhausted('no address is left in 10.88.0.0/24');
 * ```
 */
export function defineErrors<const D extends Record<string, ErrorDefinition>>(
  area: string,
  definitions: D,
): ErrorCatalogue<keyof D & string> {
  const factories = Object.entries(definitions).map(([name, definition]) => [name, factory(area, name, definition)] as const);
  return Object.freeze(Object.fromEntries(factories)) as ErrorCatalogue<keyof D & string>;
}

function factory(area: string, name: string, definition: ErrorDefinition): ErrorFactory {
  const code = `${area}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  const make = (message: string, options?: ErrorOptions) => new HawserError(code, definition, message, options);
  return Object.freeze(
    Object.assign(make, {
      code,
      definition,
      is: (value: unknown): value is HawserError => value instanceof HawserError && value.code === code,
    }),
  );
}
