import type { Peer } from './peer.ts';

/** Which users may talk to the agent, beside root and the agent's own. */
export interface AccessRules {
  /** Users who may do everything. */
  readonly uids?: readonly number[];
  /** Groups whose processes may do everything; a process's first group counts. */
  readonly gids?: readonly number[];
  /** Users who may look and change nothing. */
  readonly readerUids?: readonly number[];
}

export type Access = 'change' | 'read' | 'none';

const ROOT = 0;

/** What a peer may do. One that can't be told is refused wherever the kernel could have told it. */
export function accessOf(peer: Peer | undefined, rules: AccessRules, own: { readonly uid: number; readonly canTell: boolean }): Access {
  if (peer === undefined) return own.canTell ? 'none' : 'change';
  const { uids = [], gids = [], readerUids = [] } = rules;
  if (peer.uid === ROOT || peer.uid === own.uid || uids.includes(peer.uid) || gids.includes(peer.gid)) return 'change';
  return readerUids.includes(peer.uid) ? 'read' : 'none';
}

/** Whether anybody but root and the agent's own user may connect at all. */
export const isShared = ({ uids = [], gids = [], readerUids = [] }: AccessRules): boolean =>
  uids.length > 0 || gids.length > 0 || readerUids.length > 0;
