import type { JsonObject } from '../json.ts';
import { applyUpdate, type Updatable } from '../metadata/field-paths.ts';
import { changeLabels } from '../metadata/labels.ts';
import type { SnapshotChanges } from '../metadata/snapshots.ts';
import { snapshotErrors } from './errors.ts';
import type { SnapshotRecord } from './snapshot-records.ts';

type Changeable = Pick<SnapshotRecord, 'labels' | 'data'>;

const UPDATABLE: Updatable<Changeable> = {
  what: 'a snapshot',
  mutable: ['labels', 'data'],
  immutable: ['type', 'key', 'namespace', 'kind', 'parent', 'parents', 'createdAt', 'updatedAt'],
  invalidLabels: snapshotErrors.invalidLabels,
};

/** The labels and the data after a change. */
export function applyChanges({ labels, data }: Changeable, changes: SnapshotChanges<JsonObject>): Changeable {
  if (changes.fields !== undefined) {
    const { fields, ...update } = changes;
    return applyUpdate({ labels, data }, update, fields, UPDATABLE);
  }
  return {
    labels: changes.labels === undefined ? labels : changeLabels(labels, changes.labels, snapshotErrors.invalidLabels),
    data: changes.data ?? data,
  };
}
