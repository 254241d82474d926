import fc from 'fast-check';

/** One thing that happens to the machine. Pods are numbers; calls begin and go on while later steps happen. */
export type Step =
  /** `swap`: the container is there again under its name, in another namespace. */
  | { readonly kind: 'del' | 'check' | 'lose' | 'swap'; readonly pod: number }
  /** `ip`: the last part of the address that is asked for. */
  | { readonly kind: 'add'; readonly pod: number; readonly ip?: number | undefined }
  | { readonly kind: 'gc'; readonly valid: readonly number[] }
  /** The clients of all calls under way go, at once or as soon as the agent comes to a point. */
  | { readonly kind: 'hang_up'; readonly at?: string | undefined }
  | { readonly kind: 'crash'; readonly points: number }
  | { readonly kind: 'fail'; readonly nth: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'tick'; readonly ms: number }
  /** `late`: the pod that is to be attached while the agent stops. */
  | { readonly kind: 'restart'; readonly late?: number | undefined }
  /** Calls go on for some turns of the event loop. */
  | { readonly kind: 'turns'; readonly count: number }
  /** `gone`: a GC without a list. `collect`: garbage collection at once. `steal`: somebody takes what is held. */
  | { readonly kind: 'settle' | 'gone' | 'collect' | 'steal' };

export const PODS = [0, 1, 2, 3] as const;

const pod = fc.constantFrom(...PODS);

/** Mostly none is asked for. */
const ip = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 6 }) });

/** Where a client's going matters most: between what is made, what is written, and what is answered. */
const at = fc.constantFrom(
  undefined,
  undefined,
  'attach.after_reserve',
  'attach.after_mode',
  'attach.after_commit',
  'detach.after_release',
);

/** Anything, in any order; calls are more frequent than catastrophes. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), pod, ip }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('del' as const), pod }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('check' as const, 'swap' as const), pod }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('hang_up' as const), at }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('gone' as const, 'collect' as const, 'steal' as const) }) },
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
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), late: fc.option(pod, { nil: undefined }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  ),
  { minLength: 1, maxLength: 24, size: 'max' },
);
