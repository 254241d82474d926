import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { linkResource, readLeaseRecords, readProtected, resourcesOf } from './lease-records.ts';

/** Some are the beginning of others. */
const ids = fc.uniqueArray(fc.constantFrom('a', 'a-a', 'a.b', 'aa', 'a0', 'b', 'B', 'z'), { maxLength: 8 });
const links = fc.array(fc.record({ id: fc.constantFrom('a', 'a-a', 'aa', 'b', 'zz'), key: fc.constantFrom('1', '1\0a', 'é', '~') }), {
  maxLength: 12,
});

test('one pass over all leases tells of each what a look at it alone does, and nothing of leases that are not there', async () => {
  await fc.assert(
    fc.asyncProperty(ids, links, async (leases, protects) => {
      await using core = await startCore({ context: testContext() });
      await core.metadata.write('root', (tx) => {
        for (const id of leases) core.leases.create(tx, { id });
        for (const { id, key } of protects) linkResource(tx, id, { type: 'thing', key });
      });
      core.metadata.read('root', (tx) => {
        const alone = Array.from(readLeaseRecords(tx), ([id, lease]) => [
          { lease },
          ...resourcesOf(tx, id).map((resource) => ({ resource })),
        ]);
        expect([...readProtected(tx)]).toEqual(alone.flat());
      });
    }),
    { numRuns: 40 },
  );
});
