import { defineStoreCheck, type Disagreement, RESTORE } from '../metadata/store-checks.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { readChildren, readKeys } from '../snapshots/snapshot-records.ts';
import { readSound } from '../snapshots/sound-records.ts';
import { CLAIM, isClaimData } from './claim-record.ts';
import type { Holder } from './claims.ts';

/** What stands on a claim is its holder's: two that have one address would each believe to be alone. */
defineStoreCheck('claims', function* (tx) {
  for (const key of readKeys(tx, CLAIM)) {
    const name = `${CLAIM}/${key}`;
    const data = readSound(tx, name)?.data;
    if (data === undefined) continue; // told with the snapshots
    const holder = holdingOf(data['holder']);
    for (const child of readChildren(tx, { type: CLAIM, key })) yield* checkChild(tx, name, holder, child);
    if (!isClaimData(data))
      yield { what: `${name} is not of the form that a claim has`, means: 'nobody can take it or free it', remedy: RESTORE };
  }
});

function* checkChild(tx: ReadTransaction, name: string, holder: Holder | undefined, child: string): Iterable<Disagreement> {
  const user = holdingOf(readSound(tx, child)?.data);
  if (user === undefined || (user.containerId === holder?.containerId && user.ifname === holder.ifname)) return;
  yield {
    what: `${child} stands on ${name}, which ${holder === undefined ? 'nobody holds' : `${holder.containerId}/${holder.ifname} holds`}`,
    means: 'two may have the same address or device',
    remedy: `Delete the pod of ${child}: its DEL frees what it has, and its next ADD takes something else.`,
  };
}

/** Who holds something, as a claim and an attachment both tell it; undefined where a record tells nothing of the kind. */
function holdingOf(told: unknown): Holder | undefined {
  if (typeof told !== 'object' || told === null || !('containerId' in told) || !('ifname' in told)) return undefined;
  const { containerId, ifname } = told;
  return typeof containerId === 'string' && typeof ifname === 'string' ? { containerId, ifname } : undefined;
}
