import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { ClaimLedger } from '../claims/claim-ledger.ts';
import type { Claims } from '../claims/claims.ts';
import { claimTopics } from '../claims/topics.ts';
import type { Context } from '../context/index.ts';
import type { Events } from '../events/events.ts';
import { openExchange } from '../events/exchange.ts';
import type { Gc } from '../gc/gc.ts';
import { GcScheduler } from '../gc/scheduler.ts';
import type { GcSettings } from '../gc/settings.ts';
import { gcTopics } from '../gc/topics.ts';
import { LeaseStore } from '../leases/lease-store.ts';
import type { Leases } from '../leases/leases.ts';
import { leaseTopics } from '../leases/topics.ts';
import type { BootIdReader } from '../metadata/boot-id.ts';
import { openMetadata } from '../metadata/lmdb-metadata.ts';
import type { Namespaces } from '../metadata/namespaces.ts';
import type { Snapshots } from '../metadata/snapshots.ts';
import type { Metadata } from '../metadata/store.ts';
import { NamespaceStore } from '../namespaces/namespace-store.ts';
import { namespaceTopics } from '../namespaces/topics.ts';
import type { Topic } from '../plugin/topic.ts';
import { SnapshotStore } from '../snapshots/snapshot-store.ts';
import { snapshotTopics } from '../snapshots/topics.ts';
import { type Metrics, silentMetrics } from '../telemetry/metrics.ts';

/** What the core's services are started with. */
export interface CoreOptions {
  readonly context: Context;
  /** Holds `root` and `state`; a temporary one, removed at the end, unless told. */
  readonly folder?: string;
  /** Silent unless told. */
  readonly log?: Logger;
  readonly gc?: Partial<GcSettings>;
  readonly bootId?: BootIdReader;
  /** Of collection and leases. */
  readonly metrics?: Metrics;
  /** What is published beside the core's own events. */
  readonly topics?: readonly Topic[];
}

const CORE_TOPICS: readonly Topic[] = [...namespaceTopics, ...leaseTopics, ...snapshotTopics, ...claimTopics, ...gcTopics];

/** The core's own services on a real store, without the kernel. */
export interface TestCore extends AsyncDisposable {
  readonly folder: string;
  readonly metadata: Metadata;
  readonly events: Events;
  readonly namespaces: Namespaces;
  readonly leases: Leases;
  readonly snapshots: Snapshots;
  readonly gc: Gc;
  readonly claims: Claims;
}

/**
 * Starts them. Disposing stops them in reverse order; a folder that was given stays, so that it can be opened again. Rejects then
 * where an event was not what its topic declares.
 */
export async function startCore(options: CoreOptions): Promise<TestCore> {
  const { context, log = pino({ level: 'silent' }), bootId, metrics = silentMetrics } = options;
  const topics = [...CORE_TOPICS, ...(options.topics ?? [])];
  await using starting = new AsyncDisposableStack();
  const faults: string[] = [];
  starting.defer(() => tell(faults));
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'hawser-core-')));
  if (options.folder === undefined) starting.defer(() => rm(folder, { recursive: true, force: true }));
  const folders = { root: join(folder, 'root'), state: join(folder, 'state') };
  const metadata = starting.use(await openMetadata({ ...folders, log, ...(bootId === undefined ? {} : { bootId }) }));
  const events = starting.use(
    await openExchange({ metadata, context, log, topics: () => topics, check: (fault) => void faults.push(fault) }),
  );
  const gc = starting.use(
    new GcScheduler({ metadata, events, context, log, metrics, ...(options.gc === undefined ? {} : { settings: options.gc }) }),
  );
  const namespaces = new NamespaceStore({ metadata, events });
  const leases = new LeaseStore({ context, metadata, events, gc, metrics });
  const snapshots = new SnapshotStore({ metadata, events, leases, gc, context, log });
  const claims = starting.use(new ClaimLedger({ snapshots, events, clock: context.clock }));
  const running = starting.move();
  return { folder, metadata, events, namespaces, leases, snapshots, gc, claims, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A publisher never hears of it; a test does. */
function tell(faults: readonly string[]): void {
  if (faults.length > 0) throw new TypeError(`events are not what their topics declare: ${[...new Set(faults)].join('; ')}`);
}
