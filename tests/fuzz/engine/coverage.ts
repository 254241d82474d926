import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** Parts of a text, by offset, in order and apart from each other. */
type Parts = readonly (readonly [start: number, end: number])[];

/** What has run of our own sources since the last look, by V8's own count of blocks: nothing has to be instrumented. */
export class Coverage implements Disposable {
  readonly #session = new Session();
  /** By function: what of it never ran. */
  readonly #missed = new Map<string, Parts>();

  static async start(): Promise<Coverage> {
    const coverage = new Coverage();
    coverage.#session.connect();
    await coverage.#session.post('Profiler.enable');
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return coverage;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  /** What has run, since the last call, that never ran before; it does not count as known yet. */
  async novelty(): Promise<ReadonlyMap<string, Parts>> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const novel = new Map<string, Parts>();
    for (const { url, functions } of result) {
      if (!/\/(core|plugins)\/.*src\/[^:]*\.ts$/.test(url)) continue;
      for (const ran of functions) {
        const [whole] = ran.ranges;
        if (whole === undefined || whole.count === 0) continue;
        const key = `${url}:${whole.startOffset}-${whole.endOffset}`;
        const missed = this.#missed.get(key) ?? [[whole.startOffset, whole.endOffset]];
        const still = common(missed, missedIn(ran));
        if (sizeOf(still) < sizeOf(missed)) novel.set(key, still);
      }
    }
    return novel;
  }

  /** From now on it is nothing new. */
  learn(novel: ReadonlyMap<string, Parts>): void {
    for (const [key, missed] of novel) this.#missed.set(key, common(this.#missed.get(key) ?? missed, missed));
  }
}

const sizeOf = (parts: Parts): number => parts.reduce((sum, [start, end]) => sum + end - start, 0);

/** The blocks of a function that did not run; blocks are told from the outer ones to the inner ones. */
function missedIn({ ranges }: Profiler.FunctionCoverage): Parts {
  const missed: [number, number][] = [];
  for (const { startOffset, endOffset, count } of ranges) {
    const last = missed.at(-1);
    if (count === 0 && (last === undefined || startOffset >= last[1])) missed.push([startOffset, endOffset]);
  }
  return missed;
}

/** What two lists of parts have in common. */
export function common(some: Parts, others: Parts): Parts {
  const both: [number, number][] = [];
  for (let one = 0, other = 0; one < some.length && other < others.length;) {
    const [a, b] = [some[one], others[other]];
    if (a === undefined || b === undefined) break;
    const [start, end] = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
    if (start < end) both.push([start, end]);
    if (a[1] < b[1]) one++;
    else other++;
  }
  return both;
}
