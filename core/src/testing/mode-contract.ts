import { describe } from 'vitest';
import { type ModeContractOptions, modeBench } from './mode/bench.ts';
import { crashClauses } from './mode/crash-clauses.ts';
import { damageClauses } from './mode/damage-clauses.ts';
import { lifeClauses } from './mode/life-clauses.ts';

export type { Damage, ModeContractOptions, ModeFixture } from './mode/bench.ts';

/**
 * The contract of `NetworkMode` as tests: what attach, check and detach owe the engine, whatever dies when.
 *
 * ```ts
 * describeModeContract('bridge on the simulated kernel', { make: () => fixture(), settings: { isGateway: true } });
 * ```
 */
export function describeModeContract(name: string, options: ModeContractOptions): void {
  describe(`mode contract: ${name}`, () => {
    const bench = modeBench(options);
    lifeClauses(bench);
    crashClauses(bench);
    damageClauses(bench, options.damages ?? []);
  });
}
