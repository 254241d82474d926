import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { claimName } from './claims.ts';

const signal = new AbortController().signal;
const COOLDOWN_MS = 1000;
const KEYS = ['a', 'b', 'c'];

type Step = { readonly do: 'take' | 'release' | 'wait' | 'reopen' | 'gc'; readonly key: string };
const steps = fc.array(
  fc.record<Step>({ do: fc.constantFrom('take', 'take', 'release', 'wait', 'reopen', 'gc'), key: fc.constantFrom(...KEYS) }),
  { maxLength: 30 },
);

/** Each key's holder, or until when it cools; absent: free. */
type Model = Map<string, { readonly holder: string } | { readonly until: number }>;

const attachmentsOf = (core: TestCore) => core.snapshots.open({ type: 'attachment', store: 'state', cleanup: async () => {} });

test('whatever is taken, released, waited for and opened again, a claim has at most one holder and cools as long as it must', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const folder = mkdtempSync(join(tmpdir(), 'hawser-claims-'));
      const context = testContext();
      let core = await startCore({ context, folder });
      let attachments = attachmentsOf(core);
      const model: Model = new Map();
      let serial = 0;
      const take = (key: string) =>
        core.metadata.write('state', (tx) => {
          const holder = { containerId: `c${++serial}`, ifname: 'eth0' };
          const name = `${holder.containerId}/eth0`;
          const lease = core.leases.create(tx, { expiresInMs: 60_000 });
          const claim = core.claims.take(tx, { type: 'address', key, holder, data: {}, lease: lease.id, cooldownMs: COOLDOWN_MS });
          attachments.prepare(tx, name, { data: {}, parents: [claimName(claim)], lease: lease.id });
          attachments.commit(tx, name, { labels: { 'gc.root': 'yes' } });
          core.leases.delete(tx, lease.id);
          return name;
        });
      const release = async (name: string) => {
        await core.metadata.write('state', (tx) => attachments.update(tx, name, { labels: { 'gc.root': '' } }));
        await core.gc.collect({ type: 'attachment', key: name }, { signal });
      };
      try {
        for (const step of sequence) {
          const known = model.get(step.key);
          if (step.do === 'take') {
            const free = known === undefined || ('until' in known && known.until <= context.clock.now());
            const taken = await take(step.key).catch((error: unknown) => error);
            if (free) model.set(step.key, { holder: String(taken) });
            else expect(taken).toMatchObject({ code: known !== undefined && 'until' in known ? 'claims.cooling' : 'claims.already_held' });
          } else if (step.do === 'release' && known !== undefined && 'holder' in known) {
            await release(known.holder);
            model.set(step.key, { until: context.clock.now() + COOLDOWN_MS });
          } else if (step.do === 'wait') await context.clock.advance(400);
          else if (step.do === 'gc') await core.gc.run({ signal });
          else if (step.do === 'reopen') {
            await core[Symbol.asyncDispose]();
            core = await startCore({ context, folder });
            attachments = attachmentsOf(core);
          }
          for (const key of KEYS) expect(seen(core, key)).toEqual(expected(model, key, context.clock.now()));
        }
      } finally {
        await core[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 30 },
  );
});

function seen(core: TestCore, key: string): string {
  return core.metadata.read('state', (tx) => {
    if (core.claims.isFree(tx, 'address', key)) return 'free';
    const claim = core.claims.get(tx, 'address', key);
    return claim?.holder === undefined ? String(claim?.state) : `${claim.holder.containerId}/${claim.holder.ifname}`;
  });
}

function expected(model: Model, key: string, now: number): string {
  const known = model.get(key);
  if (known === undefined) return 'free';
  if ('holder' in known) return known.holder;
  return known.until <= now ? 'free' : 'cooling';
}
