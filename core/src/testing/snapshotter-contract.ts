import { describe } from 'vitest';
import { crashClauses } from './snapshotter/crash-clauses.ts';
import { errorClauses } from './snapshotter/error-clauses.ts';
import { lifeClauses } from './snapshotter/life-clauses.ts';
import { type SnapshotterContractOptions, snapshotterBench } from './snapshotter/bench.ts';

export type { BackendFixture, SnapshotterContractOptions } from './snapshotter/bench.ts';

/**
 * The contract of `SnapshotBackend` as tests: the life of a snapshot, the table of errors row by row, a death at every
 * step, and what backend and store owe each other at the start.
 *
 * ```ts
 * describeSnapshotterContract('folders', { make: () => ({ open: () => new DirectoryBackend(folder), … }) });
 * ```
 */
export function describeSnapshotterContract(name: string, options: SnapshotterContractOptions): void {
  describe(`snapshotter contract: ${name}`, () => {
    const bench = snapshotterBench(options);
    lifeClauses(bench);
    errorClauses(bench);
    crashClauses(bench);
  });
}
