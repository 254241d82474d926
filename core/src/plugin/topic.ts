import type * as z from 'zod';
import type { JsonObject } from '../json.ts';

/** A kind of event: what its data are, and when it is published. Made by `defineTopic`. */
export interface Topic<D extends JsonObject = JsonObject> {
  /** `/area/verb`, e.g. `/attachments/attached`. */
  readonly name: string;
  /** One sentence: when it is published. */
  readonly summary: string;
  readonly schema: z.ZodType;
  /** What `Events.publish` takes; data of another shape doesn't compile. */
  event(data: D): { readonly topic: string; readonly data: D };
}

/**
 * Declares a topic beside who publishes it; the plugin lists it under `topics`, by which `hawser events topics` and the docs
 * know it.
 *
 * ```ts
 * const counted = defineTopic('/neighbours/counted', z.strictObject({ count: z.int() }), 'The neighbours were counted.');
 * events.publish(tx, counted.event({ count: 3 }));
 * ```
 */
export function defineTopic<S extends z.ZodType<JsonObject>>(name: string, schema: S, summary: string): Topic<z.output<S>> {
  return Object.freeze({ name, schema, summary, event: (data: z.output<S>) => ({ topic: name, data }) });
}
