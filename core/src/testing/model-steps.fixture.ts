import * as fc from 'fast-check';
import type { ModelStep } from './store-model.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const lease = fc.constantFrom('l1', 'l2');
const parents = fc.array(key, { maxLength: 2 });

/** Steps as a story draws them: times are from now on. */
export type DrawnStep = ModelStep | { readonly do: 'wait'; readonly ms: number };

/** Few keys and few leases, so that steps meet. `now`: the clock's, which waits move. */
export const drawnStep = (now: () => number): fc.Arbitrary<() => DrawnStep> => {
  const inMs = fc.integer({ min: 1, max: 5_000 });
  return fc.oneof(
    fc.record({ id: lease, ms: fc.option(inMs, { nil: undefined }) }).map(({ id, ms }) => (): DrawnStep => ({
      do: 'create_lease',
      id,
      ...(ms === undefined ? {} : { expiresAt: now() + ms }),
    })),
    fc.record({ id: lease, ms: inMs }).map(({ id, ms }) => (): DrawnStep => ({ do: 'renew_lease', id, expiresAt: now() + ms })),
    lease.map((id) => (): DrawnStep => ({ do: 'delete_lease', id })),
    fc
      .record({ verb: fc.constantFrom('add_resource' as const, 'remove_resource' as const), id: lease, key })
      .map(({ verb, ...rest }) => (): DrawnStep => ({ do: verb, ...rest })),
    {
      weight: 5,
      arbitrary: fc
        .record({
          verb: fc.constantFrom('prepare' as const, 'view' as const),
          key,
          parents,
          rooted: fc.boolean(),
          lease: fc.option(lease, { nil: undefined }),
        })
        .map(({ verb, lease: under, ...rest }) => (): DrawnStep => ({
          do: verb,
          ...rest,
          ...(under === undefined ? {} : { lease: under }),
        })),
    },
    { weight: 4, arbitrary: fc.record({ key, parents }).map((rest) => (): DrawnStep => ({ do: 'commit', ...rest })) },
    { weight: 4, arbitrary: key.map((one) => (): DrawnStep => ({ do: 'commit', key: one, parents: [] })) },
    fc.record({ key, rooted: fc.boolean() }).map((rest) => (): DrawnStep => ({ do: 'root', ...rest })),
    { weight: 4, arbitrary: key.map((one) => (): DrawnStep => ({ do: 'remove', key: one })) },
    fc.constant((): DrawnStep => ({ do: 'collect', at: now() })),
    fc.integer({ min: 1, max: 4_000 }).map((ms) => (): DrawnStep => ({ do: 'wait', ms })),
  );
};
