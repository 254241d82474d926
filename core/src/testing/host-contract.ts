import { describe } from 'vitest';
import { addressClauses } from './host/address-clauses.ts';
import { type HostContractOptions, hostBench } from './host/bench.ts';
import { configureClauses } from './host/configure-clauses.ts';
import { linkClauses } from './host/link-clauses.ts';
import { namespaceClauses } from './host/namespace-clauses.ts';
import { policyClauses } from './host/policy-clauses.ts';
import { revisionClauses } from './host/revision-clauses.ts';
import { routeClauses } from './host/route-clauses.ts';
import { trafficClauses } from './host/traffic-clauses.ts';
import { watchClauses } from './host/watch-clauses.ts';

export type { HostContractOptions, HostFixture } from './host/bench.ts';

/**
 * The contract of `Host` as tests. Every clause is true of the Linux kernel (6.18), so that what passes here may
 * stand in for it.
 *
 * ```ts
 * describeHostContract('the simulated kernel', { make: () => simulatedFixture() });
 * ```
 */
export function describeHostContract(name: string, options: HostContractOptions): void {
  describe(`host contract: ${name}`, () => {
    const bench = hostBench(options);
    namespaceClauses(bench);
    linkClauses(bench);
    addressClauses(bench);
    routeClauses(bench);
    configureClauses(bench);
    revisionClauses(bench);
    policyClauses(bench);
    trafficClauses(bench);
    watchClauses(bench);
  });
}
