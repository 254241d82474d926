import type { AnyPlugin } from './definition.ts';

/** A set of plugins, or the sentence that says what is wrong in the place of each one at fault. */
export type CheckedAssembly<P extends readonly AnyPlugin[]> = P;

/** A static set of plugins. A provider that is missing or there twice fails to compile at the element at fault. */
export function assemble<const P extends readonly AnyPlugin[]>(plugins: P & CheckedAssembly<P>): P {
  return plugins;
}
