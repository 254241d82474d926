import type { Clock } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import {
  deleteLease,
  hasLeftovers,
  isExpired,
  leasesLeftOver,
  readLeaseRecord,
  readLeaseRecords,
  unlinkLeftovers,
} from '../leases/lease-records.ts';
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

/** Leases and links that one transaction deletes at most, but for those of the last lease. */
const BATCH = 50;
const LINKS = 200;

/** Deletes the leases of every namespace that have run out, and what is left of those that were deleted. */
export async function expireLeases(ports: ExpiryPorts, pace: Pace, lifetime: AbortSignal): Promise<void> {
  for (const store of STORES) {
    for (const [namespace, { expired, leftOver }] of await find(ports, store, pace, lifetime)) {
      const rest = [...expired];
      while (rest.length > 0) {
        const deleted = await pace.waitFor(deleteExpired(ports, store, namespace, rest));
        leftOver.push(...rest.splice(0, deleted));
      }
      for (const id of leftOver) while (await pace.waitFor(unlinkMore(ports, store, namespace, id)));
    }
  }
}

/** Of one namespace, what is to be deleted. */
interface Found {
  readonly expired: readonly string[];
  readonly leftOver: string[];
}

async function find(
  { metadata, clock }: ExpiryPorts,
  store: StoreName,
  pace: Pace,
  lifetime: AbortSignal,
): Promise<ReadonlyMap<string, Found>> {
  using view = metadata.view(store, lifetime);
  const found = new Map<string, Found>();
  for (const namespace of view.namespaces()) {
    const within = view.in(namespace);
    const expired: string[] = [];
    for (const [id, record] of readLeaseRecords(within)) {
      if (isExpired(record, clock.now())) expired.push(id);
      if (pace.isOver()) await pace.rest();
    }
    const leftOver = [...leasesLeftOver(within)];
    if (expired.length + leftOver.length > 0) found.set(namespace, { expired, leftOver });
  }
  return found;
}

/** Resolves with how many of them, from the first on, are done with. */
function deleteExpired(ports: ExpiryPorts, store: StoreName, namespace: string, ids: readonly string[]): Promise<number> {
  const { metadata, events, clock, committed, statistics } = ports;
  return metadata.write(
    store,
    (tx) => {
      let [done, deleted, links] = [0, 0, 0];
      for (; done < Math.min(ids.length, BATCH) && links < LINKS; done++) {
        const id = ids[done] ?? '';
        const record = readLeaseRecord(tx, id);
        if (record === undefined || !isExpired(record, clock.now())) continue; // renewed since
        links += deleteLease(tx, id)?.length ?? 0;
        deleted++;
        events.publish(tx, { topic: '/leases/deleted', data: { id, store, reason: 'expired' } });
      }
      tx.afterCommit(() => {
        committed();
        statistics.expired(deleted);
      });
      return done;
    },
    { namespace },
  );
}

/** Whether there may be more of them. */
async function unlinkMore({ metadata, committed }: ExpiryPorts, store: StoreName, namespace: string, id: string): Promise<boolean> {
  if (!metadata.read(store, (tx) => hasLeftovers(tx, id), { namespace })) return false;
  await metadata.write(
    store,
    (tx) => {
      unlinkLeftovers(tx, id);
      tx.afterCommit(committed);
    },
    { namespace },
  );
  return true;
}
