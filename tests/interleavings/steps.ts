import fc from 'fast-check';

/** One thing that happens to the machine. Pods are numbers; calls begin and go on while later steps happen. */
export type Step =
  | { readonly kind: 'add' | 'del' | 'check' | 'lose'; readonly pod: number }
  | { readonly kind: 'gc'; readonly valid: readonly number[] }
  | { readonly kind: 'crash'; readonly points: number }
  | { readonly kind: 'fail'; readonly nth: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'tick'; readonly ms: number }
  /** `hang_up`: the clients of all calls under way go. `gone`: a GC without a list. */
  | { readonly kind: 'restart' | 'settle' | 'hang_up' | 'gone' };

export const PODS = [0, 1, 2, 3] as const;

const pod = fc.constantFrom(...PODS);

/** Anything, in any order; calls are more frequent than catastrophes. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), pod }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('del' as const), pod }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('check' as const), pod }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('gone' as const, 'hang_up' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), pod }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('gc' as const), valid: fc.subarray([...PODS]) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), points: fc.nat(60) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fail' as const),
        nth: fc.integer({ min: 1, max: 20 }),
        when: fc.constantFrom('before' as const, 'after' as const),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('tick' as const), ms: fc.integer({ min: 1, max: 20_000 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  ),
  { minLength: 1, maxLength: 24, size: 'max' },
);
