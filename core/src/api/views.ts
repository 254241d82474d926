import type { Snapshot } from '../metadata/snapshots.ts';
import type { AttachmentRecord, AttachmentResult } from '../network/index.ts';

/**
 * What goes over the wire and comes out of `-o json`: the contracts' own records, with what a reader of listings
 * looks for beside them.
 */
export interface SnapshotView extends Snapshot {
  /** Full name, as `parents` has them. */
  readonly name: string;
  /** The first parent. */
  readonly parent?: string;
}

/** A snapshot with what listings show beside it. */
export const snapshotView = (snapshot: Snapshot): SnapshotView => ({
  ...snapshot,
  name: `${snapshot.type}/${snapshot.key}`,
  ...(snapshot.parents[0] === undefined ? {} : { parent: snapshot.parents[0] }),
});

/** An attachment with its result's lists, empty ones while it has no result. */
export interface AttachmentView extends AttachmentRecord, Pick<AttachmentResult, 'interfaces' | 'ips' | 'routes'> {}

/** A record with what listings show beside it. */
export const attachmentView = (record: AttachmentRecord): AttachmentView => ({
  ...record,
  interfaces: record.result?.interfaces ?? [],
  ips: record.result?.ips ?? [],
  routes: record.result?.routes ?? [],
});
