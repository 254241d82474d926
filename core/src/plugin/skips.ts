import type { Skipped } from './definition.ts';
import { pluginErrors } from './errors.ts';

/** What one start was given by `skip`. */
export class Skips {
  readonly #given = new Set<unknown>();

  give(reason: string): Skipped {
    const skipped: Skipped = Object.freeze({ skipped: reason });
    this.#given.add(skipped);
    return skipped;
  }

  has(result: unknown): result is Skipped {
    return this.#given.has(result);
  }

  /** Throws where a start has returned neither a value nor what `skip` gave it, or has gone on after it. */
  check(uri: string, result: unknown): void {
    const fault =
      this.#given.size > 0 ? 'it called skip, and did not return what that gives' : result === undefined && 'it returned nothing';
    if (this.has(result) || fault === false) return;
    const remedy = 'This is a defect of the plugin: have start return what it provides, or `skip(reason)`.';
    throw pluginErrors.startFailed(`plugin '${uri}' failed in start: ${fault}`, { remedy });
  }
}
