import { FileWatch } from './file-watch.ts';
import type { Origin } from './origin.ts';
import { ProcessWatch } from './process-watch.ts';
import { ResourceWatch } from './resource-watch.ts';

const GRACE_MS = 2_000;
const STEP_MS = 20;

/** Sees all that a plugin takes and doesn't give back, from its construction to its disposal. */
export class Watch implements Disposable {
  readonly #resources = new ResourceWatch();
  readonly #files = new FileWatch();
  readonly #process = new ProcessWatch();

  /** What is left, once what ends by itself has had its time; one sentence each, the same ones counted. */
  async left(graceMs: number = GRACE_MS): Promise<readonly string[]> {
    for (let waited = 0; ; waited += STEP_MS) {
      const left = this.now();
      if (left.length === 0 || waited >= graceMs) return left;
      await this.pause(STEP_MS);
    }
  }

  /** Waits without being seen itself. */
  pause(ms: number): Promise<void> {
    return this.#resources.pause(ms);
  }

  /** Whose doing it is that is going on right now. */
  originHere(): Origin | undefined {
    return this.#resources.originHere();
  }

  now(): readonly string[] {
    const resources = this.#resources.left();
    // Handles have descriptors, which are not told of twice.
    const hasSockets = resources.some((line) => /socket|child process/.test(line));
    return counted([...resources, ...this.#files.left(!hasSockets), ...this.#process.left()]);
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
    this.#files[Symbol.dispose]();
    this.#resources[Symbol.dispose]();
  }
}

function counted(lines: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
}
