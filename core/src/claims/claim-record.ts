import { isJsonObject, type JsonObject } from '../json.ts';
import type { Snapshot } from '../metadata/snapshots.ts';
import type { Claim } from './claims.ts';

/** The data of a claim's snapshot. */
export type ClaimData = {
  readonly state: 'held' | 'cooling';
  readonly holder?: { readonly containerId: string; readonly ifname: string };
  /** RFC 3339, UTC: when it entered its state. */
  readonly since: string;
  readonly cooldownMs: number;
  readonly data: JsonObject;
};

export const isClaimData = (data: JsonObject): data is ClaimData =>
  (data['state'] === 'cooling' || (data['state'] === 'held' && isHolder(data['holder']))) &&
  typeof data['since'] === 'string' &&
  typeof data['cooldownMs'] === 'number' &&
  isJsonObject(data['data']);

const isHolder = (value: unknown): boolean =>
  isJsonObject(value) && typeof value['containerId'] === 'string' && typeof value['ifname'] === 'string';

/** The snapshot's type; its key is `<claim's type>/<claim's key>`. */
export const CLAIM = 'claim';

export const claimKey = (type: string, key: string): string => `${type}/${key}`;

/** A claim of which the record is there; `releasingSince` when what stands on it is being undone. */
export function toClaim({ key: name, data: record }: Snapshot<ClaimData>, releasingSince?: string): Claim {
  const slash = name.indexOf('/');
  const { state, holder, since, data } = record;
  return {
    type: name.slice(0, slash),
    key: name.slice(slash + 1),
    ...(releasingSince === undefined ? { state, since } : { state: 'releasing', since: releasingSince }),
    ...(holder === undefined ? {} : { holder }),
    data,
  };
}
