import { testContext } from '@hawser/core/testing';
import * as fc from 'fast-check';
import { listPage } from '../../../core/src/api/list-query.ts';
import { encodeCursor } from '../../../core/src/metadata/listing.ts';
import { startCore, type TestCore } from '../../../core/src/testing/core.ts';
import { checkRefusal, hold, unlessRefused } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const IDS = Array.from({ length: 20 }, (_, index) => `l${index}`).sort();
const cursor = fc.oneof(fc.constantFrom(...IDS), fc.string()).map((key) => encodeCursor('leases', key));
const never = new AbortController().signal;

/** Where a page of a listing begins. */
export const cursors: FuzzTarget = {
  name: 'cursors',
  summary: 'cursors of pages, in the store and across both: all that lies behind the key that they stand for, or refused',
  format: 'text',
  pieces: [
    'root.',
    'state.',
    '.',
    '=',
    '-',
    '_',
    'AA',
    ...IDS.slice(0, 3).map((id) => encodeCursor('leases', id)),
    encodeCursor('snapshots', 'l1'),
  ],
  grammar: fc.tuple(fc.constantFrom('', 'root.', 'state.', 'other.'), cursor).map((parts) => parts.join('')),
  runs: 500,
  open: async () => {
    const core = await startCore({ context: testContext() });
    await core.metadata.write('state', (tx) => IDS.forEach((id) => core.leases.create(tx, { id })));
    return { attempt: (input) => attempt(core, input.toString()), [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
  },
};

async function attempt({ metadata, leases }: TestCore, after: string): Promise<void> {
  const page = unlessRefused('metadata', () => metadata.read('state', (tx) => leases.page(tx, { after })));
  if (page !== undefined) checkEnd(page.items.map(({ id }) => id));
  try {
    const query = { filters: [], limit: 100, after };
    const whole = await listPage({ metadata, stores: ['root', 'state'], page: (tx, options) => leases.page(tx, options) }, query, never);
    checkEnd(whole.items.map(({ id }) => id));
  } catch (error) {
    const { code } = error as { readonly code?: string };
    checkRefusal(error, code?.startsWith('api.') === true ? 'api' : 'metadata');
  }
}

/** What is listed is the end of all that there is, in its order. */
function checkEnd(ids: readonly string[]): void {
  hold(ids.join() === IDS.slice(IDS.length - ids.length).join(), `it lists ${ids.join()}`);
}
