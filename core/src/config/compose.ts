import type { JsonObject } from '../json.ts';
import { readDotted } from './key-path.ts';
import { isList, type Layer, mergeLayers, NOTHING, own, removeAt, valueAt } from './merge.ts';

/** Layers as one, and what they wanted to remove that wasn't there. */
export interface Composed {
  readonly layer: Layer;
  readonly missing: readonly Missing[];
}

/** A removal that found nothing to remove. */
interface Missing {
  readonly by: Layer;
  readonly index: number;
  readonly path: readonly string[];
  /** The list that lacks the element, where the path leads into one. */
  readonly list?: readonly string[];
}

/** Lays layers over each other, later ones on top. Each takes away what its `unset` names before it adds what it says. */
export function compose(layers: readonly Layer[]): Composed {
  let layer = NOTHING;
  const missing: Missing[] = [];
  for (const over of layers) {
    for (const [index, path] of removalsOf(over)) {
      const removed = removeAt(layer, path);
      const above = valueAt(layer.table, path.slice(0, -1));
      layer = removed.layer;
      if (!removed.found) missing.push({ by: over, index, path, ...(isList(above) ? { list: above.map(String) } : {}) });
    }
    layer = mergeLayers(layer, over);
  }
  return { layer, missing };
}

/** What a layer removes; texts that are no key are told by `unset-faults.ts`. */
function removalsOf({ table }: Layer): readonly (readonly [index: number, path: readonly string[]])[] {
  return unsetIn(table).flatMap((text, index) => {
    const path = readDotted(text);
    return path === undefined ? [] : [[index, path] as const];
  });
}

/** The texts of a layer's `unset`; what is no text is empty. */
export function unsetIn(table: JsonObject): readonly string[] {
  const unset = own(table, 'unset');
  return isList(unset) ? unset.map((text) => (typeof text === 'string' ? text : '')) : [];
}
