import type { AttachmentId, AttachmentRecord } from '../network/index.ts';
import type { CollectionReport, GcStatus } from '../gc/gc.ts';
import type { Claim } from '../claims/claims.ts';
import type { Envelope, Lagged } from '../events/events.ts';
import type { Lease } from '../leases/leases.ts';
import type { StoreName, StoreStats } from '../metadata/store.ts';
import type { ConfigReload } from './reload.ts';
import type { PluginReport } from '../plugin/status.ts';
import type { Snapshot } from '../metadata/snapshots.ts';

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
  leases: {
    list(signal: AbortSignal): Promise<readonly Lease[]>;
    get(id: string, signal: AbortSignal): Promise<Lease>;
    create(
      options: { readonly id?: string; readonly expiresInMs?: number; readonly labels?: Readonly<Record<string, string>> },
      signal: AbortSignal,
    ): Promise<Lease>;
    renew(id: string, expiresInMs: number, signal: AbortSignal): Promise<Lease>;
    delete(id: string, signal: AbortSignal): Promise<void>;
  };
  snapshots: { list(signal: AbortSignal): Promise<readonly Snapshot[]> };
  claims: { list(signal: AbortSignal): Promise<readonly Claim[]> };
  attachments: {
    list(signal: AbortSignal): Promise<readonly AttachmentRecord[]>;
    get(id: AttachmentId, signal: AbortSignal): Promise<AttachmentRecord>;
    check(id: AttachmentId, signal: AbortSignal): Promise<void>;
    detach(id: AttachmentId, signal: AbortSignal): Promise<void>;
  };
  events(options: {
    readonly follow: boolean;
    readonly from?: string;
    readonly topics?: readonly string[];
    readonly signal: AbortSignal;
  }): AsyncIterableIterator<Envelope | Lagged>;
  gc: {
    run(options: { readonly dryRun: boolean; readonly signal: AbortSignal }): Promise<CollectionReport>;
    status(signal: AbortSignal): Promise<GcStatus>;
  };
  db: {
    stats(signal: AbortSignal): Promise<Readonly<Record<StoreName, StoreStats>>>;
    /** The agent writes the copy; `folder` is absolute and empty or not there. */
    backup(store: StoreName, folder: string, signal: AbortSignal): Promise<void>;
  };
}

export type { ConfigReload } from './reload.ts';
export { openClient } from './open-client.ts';
