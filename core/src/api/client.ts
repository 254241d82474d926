import type { AttachmentId, AttachmentRecord } from '../network/index.ts';
import type { CollectionReport, GcStatus, Node } from '../gc/gc.ts';
import type { Claim } from '../claims/claims.ts';
import type { TopicDescription } from '../events/describe-topics.ts';
import type { Envelope, EventSelection, Lagged, QueuePolicy } from '../events/events.ts';
import type { Lease } from '../leases/leases.ts';
import type { Namespace, NamespaceContent } from '../metadata/namespaces.ts';
import type { StoreName, StoreStats } from '../metadata/store.ts';
import type { DamagedRecord, ListedPage } from './list-query.ts';
import type { ConfigReload } from './reload.ts';
import type { PluginReport } from '../plugin/status.ts';
import type { Snapshot, SnapshotUsage } from '../metadata/snapshots.ts';

/** What of a listing is wanted: in the language of filters, one of which is enough; evaluated in the agent. */
export interface Selection {
  readonly filters?: readonly string[];
}

/** A part of it: from behind a page's `next` on, and how many at most. */
export interface PageSelection extends Selection {
  readonly after?: string;
  readonly limit?: number;
}

/** Errors: `filters.invalid` with the column, `metadata.invalid_cursor`. */
export interface Listings<T> {
  /** All pages, one behind the other. `metadata.damaged` where a record can't be read, unless `onDamaged` is told each of them instead. */
  list(signal: AbortSignal, selection?: Selection, onDamaged?: (record: DamagedRecord) => void): Promise<readonly T[]>;
  page(signal: AbortSignal, selection?: PageSelection): Promise<ListedPage<T>>;
}

/**
 * A typed client of the agent's HTTP API over its unix socket. Every call takes a signal; errors are HawserErrors
 * made again from the problem document, `api.no_agent` when nobody listens at the socket, `api.no_answer` when who does
 * stays silent, `api.bad_answer` when that is no agent.
 */
export interface Client {
  version(
    signal: AbortSignal,
  ): Promise<{ readonly agent: string; readonly core: string; readonly node: string; readonly pid: number; readonly ready: boolean }>;
  plugins(signal: AbortSignal): Promise<readonly PluginReport[]>;
  /** Sets the level of one plugin's log; null: the agent's own again. */
  setLogLevel(uri: string, level: string | null, signal: AbortSignal): Promise<PluginReport>;
  config: {
    /** Has the agent read its config again and put it in force, or tell what that would do. */
    reload(options: { readonly dryRun: boolean }, signal: AbortSignal): Promise<ConfigReload>;
  };
  namespaces: Listings<Namespace> & {
    get(name: string, signal: AbortSignal): Promise<Namespace>;
    /** What the stores hold in it. */
    contents(name: string, signal: AbortSignal): Promise<readonly NamespaceContent[]>;
    create(name: string, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Namespace>;
    /** Field paths say what is replaced, as of leases. */
    update(name: string, labels: Readonly<Record<string, string>>, fields: readonly string[], signal: AbortSignal): Promise<Namespace>;
    /** `namespaces.not_empty` while anything is in it. */
    delete(name: string, signal: AbortSignal): Promise<void>;
  };
  leases: Listings<Lease> & {
    get(id: string, signal: AbortSignal): Promise<Lease>;
    create(
      options: { readonly id?: string; readonly expiresInMs?: number; readonly labels?: Readonly<Record<string, string>> },
      signal: AbortSignal,
    ): Promise<Lease>;
    renew(id: string, expiresInMs: number, signal: AbortSignal): Promise<Lease>;
    /** Field paths say what is replaced: `labels`, or `labels.<key>`, which is deleted where `labels` has no value for it. */
    update(id: string, labels: Readonly<Record<string, string>>, fields: readonly string[], signal: AbortSignal): Promise<Lease>;
    /** `sync`: waits until what only it kept is cleaned up. */
    delete(id: string, signal: AbortSignal, options?: { readonly sync?: boolean }): Promise<void>;
    addResource(id: string, resource: Node, signal: AbortSignal): Promise<Lease>;
    removeResource(id: string, resource: Node, signal: AbortSignal): Promise<Lease>;
  };
  snapshots: Listings<Snapshot> & {
    /** What it takes by itself, without what it stands on. */
    usage(snapshot: Node, signal: AbortSignal): Promise<SnapshotUsage>;
  };
  claims: Listings<Claim>;
  attachments: Listings<AttachmentRecord> & {
    get(id: AttachmentId, signal: AbortSignal): Promise<AttachmentRecord>;
    check(id: AttachmentId, signal: AbortSignal): Promise<void>;
    detach(id: AttachmentId, signal: AbortSignal): Promise<void>;
  };
  /** Topics and filters are evaluated in the agent. `from`: `start`, a cursor, or how long ago (`30m`). */
  events(
    options: EventSelection & {
      readonly follow: boolean;
      readonly from?: string;
      readonly policy?: QueuePolicy;
      readonly signal: AbortSignal;
    },
  ): AsyncIterableIterator<Envelope | Lagged>;
  eventTopics(signal: AbortSignal): Promise<readonly TopicDescription[]>;
  gc: {
    run(options: { readonly dryRun: boolean; readonly signal: AbortSignal }): Promise<CollectionReport>;
    status(signal: AbortSignal): Promise<GcStatus>;
    /** What a type whose plugin will not come back may refer to is swept again. */
    forget(type: string, signal: AbortSignal): Promise<void>;
  };
  db: {
    stats(signal: AbortSignal): Promise<Readonly<Record<StoreName, StoreStats>>>;
    /** The agent writes the copy; `folder` is absolute and empty or not there. */
    backup(store: StoreName, folder: string, signal: AbortSignal): Promise<void>;
  };
}
