import { type Fields, fieldsOf } from '../filters/index.ts';
import { parseNode } from '../gc/node.ts';
import type { Snapshot } from '../metadata/snapshots.ts';
import type { Listing } from '../metadata/listing.ts';
import { compareKeys } from '../metadata/key-order.ts';
import { commonValue } from '../metadata/plan-scan.ts';
import { CLAIM, type ClaimData, toClaim } from './claim-record.ts';
import type { Claim } from './claims.ts';

/** What a listing of claims reads. */
export interface ClaimRecords {
  /** By key, `<type>/<key>`, with a prefix, from behind a key on. */
  walk(range: { readonly prefix?: string; readonly after?: string }): Iterable<Snapshot<ClaimData>>;
  /** Its state, too, where what stands on it is being undone. */
  claim(record: Snapshot<ClaimData>): Claim;
}

/** Claims by `<type>/<key>`. Whether one is being released is found out only for those that are shown, or asked for their state. */
export const claimListing = ({ walk, claim }: ClaimRecords): Listing<Snapshot<ClaimData>, Claim> => ({
  name: 'claims',
  *scan(filters, after) {
    const type = commonValue(filters, 'type');
    const prefix = type === undefined || parseNode(`${type}/x`) === undefined ? '' : `${type}/`;
    const behind = after !== undefined && after.startsWith(prefix) ? { after } : {};
    if (after !== undefined && !after.startsWith(prefix) && compareKeys(after, prefix) > 0) return;
    for (const record of walk({ prefix, ...behind })) yield [record.key, record];
  },
  keyOf: (stored) => stored.slice(`${CLAIM}/`.length),
  fields: (_key, record): Fields => {
    const own = fieldsOf(toClaim(record));
    return (path) => (path[0] === 'state' || path[0] === 'since' ? fieldsOf(claim(record))(path) : own(path));
  },
  item: (_key, record) => claim(record),
});
