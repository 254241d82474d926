import type { JsonObject } from '../json.ts';
import { nearest } from '../plugin/nearest.ts';
import type { ConfigFault } from './agent-config.ts';
import { type Composed, unsetIn } from './compose.ts';
import { type PlainFault, placed } from './faults.ts';
import { readDotted } from './key-path.ts';
import type { Layer } from './merge.ts';
import { keysAt, shapesAt } from './shape.ts';

/** The texts of a layer's `unset` that are no keys. */
export function unsetFaults({ table }: Layer): readonly PlainFault[] {
  return unsetIn(table).flatMap((text, index) =>
    text === '' || readDotted(text) !== undefined
      ? []
      : [{ path: ['unset', index], message: `expected a dotted key as TOML has it, not ${JSON.stringify(text)}` }],
  );
}

/**
 * Removals that found nothing and name no key that could have been there: misspelt ones. What could have been set and
 * wasn't is removed already.
 */
export function missingFaults({ missing }: Composed, shape: JsonObject): readonly ConfigFault[] {
  return missing.flatMap(({ by, index, path, list }) => {
    if (list === undefined && shapesAt(shape, path).length > 0) return [];
    const known = list ?? keysAt(shape, path.slice(0, -1));
    const near = nearest(path.at(-1) ?? '', known);
    const message = list === undefined ? 'names no key that could be set' : 'names an element that the list before has not';
    return [placed({ path: ['unset', index], message, ...(near === undefined ? {} : { suggestion: near }) }, by, undefined)];
  });
}
