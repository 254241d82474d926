import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HawserError } from '../errors/index.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

test('field paths and labels are one implementation: leases and snapshots change alike and refuse alike', async () => {
  await using core = await startCore({ context: testContext() });
  using things = core.snapshots.open<Record<string, never>>({ type: 'thing', store: 'state' });
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c.d', '', 'long'), fc.constantFrom('', '1', '2', 'x'.repeat(4093)), {
    maxKeys: 3,
  });
  const path = fc.constantFrom('labels', 'labels.a', 'labels.c.d', 'labels.', 'createdAt', 'none', '');
  const fields = fc.option(fc.array(path, { maxLength: 2 }), { nil: undefined });
  const kindOf = (error: unknown) => (error instanceof HawserError ? error.code.replace(/^(?:leases|snapshots)\./, '') : error);
  await fc.assert(
    fc.asyncProperty(labels, labels, fields, async (before, changes, paths) => {
      const update = { labels: changes, ...(paths === undefined ? {} : { fields: paths }) };
      const attempt = (fn: Parameters<typeof core.metadata.write<unknown>>[1]) => core.metadata.write('state', fn).catch(kindOf);
      const lease = await attempt(
        (tx) => (core.leases.create(tx, { id: 'l', labels: before }), core.leases.update(tx, 'l', update).labels),
      );
      const snapshot = await attempt(
        (tx) => (things.prepare(tx, 'k', { data: {}, labels: before }), things.update(tx, 'k', update).labels),
      );
      expect(lease).toEqual(snapshot);
      await core.metadata.write('state', (tx) => {
        if (core.leases.get(tx, 'l') !== undefined) core.leases.delete(tx, 'l');
        if (things.get(tx, 'k') !== undefined) things.remove(tx, 'k');
      });
    }),
    { numRuns: 150 },
  );
});
