import * as fc from 'fast-check';
import type { ModelStep } from './store-model.ts';

const store = fc.constantFrom('state' as const, 'state' as const, 'root' as const);
const key = fc.constantFrom('a', 'b', 'c', 'd');
const lease = fc.constantFrom('l1', 'l2');
const parents = fc.array(key, { maxLength: 2 });

/** Steps as a story draws them: times are from now on. */
export type DrawnStep = ModelStep | { readonly do: 'wait'; readonly ms: number };

/** Few keys and few leases, so that steps meet. `now`: the clock's, which waits move. */
export const drawnStep = (now: () => number): fc.Arbitrary<() => DrawnStep> => {
  const inMs = fc.integer({ min: 1, max: 5_000 });
  return fc.oneof(
    fc
      .record({ store, id: lease, flat: fc.boolean(), ms: fc.option(inMs, { nil: undefined }) })
      .map(({ ms, ...rest }) => (): DrawnStep => ({ do: 'create_lease', ...rest, ...(ms === undefined ? {} : { expiresAt: now() + ms }) })),
    fc.record({ store, id: lease, ms: inMs }).map(({ ms, ...rest }) => (): DrawnStep => ({
      do: 'renew_lease',
      ...rest,
      expiresAt: now() + ms,
    })),
    fc.record({ store, id: lease }).map((rest) => (): DrawnStep => ({ do: 'delete_lease', ...rest })),
    fc
      .record({ verb: fc.constantFrom('add_resource' as const, 'remove_resource' as const), store, id: lease, key })
      .map(({ verb, ...rest }) => (): DrawnStep => ({ do: verb, ...rest })),
    { weight: 5, arbitrary: made },
    { weight: 4, arbitrary: committed(parents) },
    { weight: 4, arbitrary: committed(fc.constant([])) },
    fc.record({ store, key, rooted: fc.boolean() }).map((rest) => (): DrawnStep => ({ do: 'root', ...rest })),
    {
      weight: 2,
      arbitrary: fc
        .record({ store, key, back: fc.boolean(), to: fc.option(fc.record({ store, key }), { nil: undefined }) })
        .map((rest) => (): DrawnStep => ({ do: 'refer', ...rest })),
    },
    { weight: 4, arbitrary: fc.record({ store, key }).map((rest) => (): DrawnStep => ({ do: 'remove', ...rest })) },
    fc.constant((): DrawnStep => ({ do: 'collect', at: now() })),
    fc.integer({ min: 1, max: 4_000 }).map((ms) => (): DrawnStep => ({ do: 'wait', ms })),
  );
};

const made = fc
  .record({
    verb: fc.constantFrom('prepare' as const, 'view' as const),
    store,
    key,
    parents,
    rooted: fc.boolean(),
    lease: fc.option(lease, { nil: undefined }),
    carried: fc.boolean(),
  })
  .map(({ verb, lease: under, carried, ...rest }) => (): DrawnStep => ({
    do: verb,
    ...rest,
    ...(under === undefined ? {} : { lease: under, carried }),
  }));

const committed = (on: fc.Arbitrary<readonly string[]>) =>
  fc.record({ store, key, parents: on, lease: fc.option(lease, { nil: undefined }) }).map(({ lease: under, ...rest }) => (): DrawnStep => ({
    do: 'commit',
    ...rest,
    ...(under === undefined ? {} : { lease: under }),
  }));
