import type { Clock } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import { deleteLease, isExpired, readLeaseRecord, readLeaseRecords } from '../leases/lease-records.ts';
import { type Metadata, type StoreName, STORES } from '../metadata/store.ts';
import type { Pace } from './pace.ts';
import type { Statistics } from './statistics.ts';

export interface ExpiryPorts {
  readonly metadata: Metadata;
  readonly events: Pick<Events, 'publish'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly committed: () => void;
  readonly statistics: Pick<Statistics, 'expired'>;
}

/** Leases that one transaction deletes. */
const BATCH = 50;

/** Deletes the leases of every namespace that have run out. */
export async function expireLeases(ports: ExpiryPorts, pace: Pace, lifetime: AbortSignal): Promise<void> {
  for (const store of STORES) {
    for (const [namespace, ids] of await findExpired(ports, store, pace, lifetime)) {
      for (let start = 0; start < ids.length; start += BATCH)
        await pace.waitFor(deleteExpired(ports, store, namespace, ids.slice(start, start + BATCH)));
    }
  }
}

async function findExpired(
  { metadata, clock }: ExpiryPorts,
  store: StoreName,
  pace: Pace,
  lifetime: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  using view = metadata.view(store, lifetime);
  const found = new Map<string, string[]>();
  for (const namespace of view.namespaces()) {
    const ids: string[] = [];
    for (const [id, record] of readLeaseRecords(view.in(namespace))) {
      if (isExpired(record, clock.now())) ids.push(id);
      if (pace.isOver()) await pace.rest();
    }
    if (ids.length > 0) found.set(namespace, ids);
  }
  return found;
}

function deleteExpired(
  { metadata, events, clock, committed, statistics }: ExpiryPorts,
  store: StoreName,
  namespace: string,
  ids: readonly string[],
): Promise<void> {
  return metadata.write(
    store,
    (tx) => {
      let deleted = 0;
      for (const id of ids) {
        const record = readLeaseRecord(tx, id);
        if (record === undefined || !isExpired(record, clock.now())) continue; // renewed since
        deleteLease(tx, id);
        deleted++;
        events.publish(tx, { topic: '/leases/deleted', data: { id, store, reason: 'expired' } });
      }
      tx.afterCommit(() => {
        committed();
        statistics.expired(deleted);
      });
    },
    { namespace },
  );
}
