import { dispose } from '../../plugin/owned-scope.ts';
import type { Scope } from '../../plugin/scope.ts';
import { ownFrame, stackHere } from './origin.ts';

/** What a plugin has handed to its scope: which releases and workers have begun and not ended, and who made them. */
export class Undertakings {
  readonly #open = new Set<string>();

  /** What goes on, one sentence each. */
  open(): readonly string[] {
    return [...this.#open];
  }

  /** The same scope, seen through. */
  scope(scope: Scope): Scope {
    return {
      use: (resource) => {
        const what = `the release of what was taken by ${whoCalls()}`;
        scope.defer(called(what, () => this.#during(`${what}, does not end`, () => dispose(resource))));
        return resource;
      },
      defer: (release) => {
        const what = `the release deferred by ${whoCalls()}`;
        scope.defer(called(what, () => this.#during(`${what}, does not end`, release)));
      },
      spawn: (name, worker, options) => {
        const what = `worker '${name}', spawned by ${whoCalls()}, goes on although its signal has aborted`;
        scope.spawn(name, (signal) => this.#during(what, () => worker(signal)), options);
      },
    };
  }

  async #during(what: string, work: () => void | Promise<void>): Promise<void> {
    this.#open.add(what);
    try {
      await work();
    } finally {
      this.#open.delete(what);
    }
  }
}

const whoCalls = (): string => ownFrame(stackHere()) ?? 'its start';

/** Errors of a stop name releases by their function's name. */
function called(name: string, release: () => Promise<void>): () => Promise<void> {
  return Object.defineProperty(release, 'name', { value: name });
}
