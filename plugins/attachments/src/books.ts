import type { HawserError } from '@hawser/core';
import { claimName, type Events, type Gc, type Leases, type Metadata, type Snapshot, type Snapshots } from '@hawser/core/contracts';
import { attachmentErrors, type AttachmentRecord, type AttachmentResult, type ClaimRequest } from '@hawser/core/network';
import { ATTACHMENT, type AttachmentData, eventData, isAttachmentData, ROOT_LABEL, storedClaim, toRecord } from './record.ts';

/** The label of leases that protect an attachment in the making; its value is the attachment's key. */
const LEASE_LABEL = 'hawser.dev/attachment';

export interface BooksDependencies {
  readonly metadata: Metadata;
  readonly leases: Leases;
  readonly snapshots: Snapshots;
  readonly gc: Gc;
  readonly events: Events;
}

/** What is to be written before anything is made. */
export interface Reservation {
  readonly key: string;
  readonly data: Omit<AttachmentData, 'claims' | 'lease'>;
  readonly claims: readonly ClaimRequest[];
  readonly leaseMs: number;
}

/**
 * Everything that the engine writes and reads: one method a transaction, each in the state store.
 *
 * | method | afterwards |
 * |---|---|
 * | `reserve` | lease, claims and an active snapshot on them |
 * | `commit` | committed snapshot with root and result, no lease |
 * | `release` | neither root nor lease: garbage, whatever it was, and condemned as such |
 */
export class Books implements Disposable {
  readonly #core: BooksDependencies;
  readonly #snapshotter: ReturnType<typeof openSnapshotter>;

  constructor(
    core: BooksDependencies,
    cleanup: (data: AttachmentData, signal: AbortSignal) => Promise<void | { readonly settled: Promise<void> }>,
  ) {
    this.#core = core;
    this.#snapshotter = openSnapshotter(core, cleanup);
  }

  [Symbol.dispose](): void {
    this.#snapshotter[Symbol.dispose]();
  }

  find(key: string): { readonly snapshot: Snapshot<AttachmentData>; readonly condemned: boolean } | undefined {
    return this.#core.metadata.read('state', (tx) => {
      const snapshot = this.#snapshotter.get(tx, key);
      return snapshot && { snapshot, condemned: this.#core.gc.isCondemned(tx, { type: ATTACHMENT, key }) };
    });
  }

  list(onDamaged?: (refusal: HawserError) => void): readonly AttachmentRecord[] {
    return this.#core.metadata.read('state', (tx) =>
      Array.from(this.#snapshotter.walk(tx, onDamaged && { onDamaged }), (snapshot) =>
        toRecord(snapshot, this.#core.gc.isCondemned(tx, { type: ATTACHMENT, key: snapshot.key })),
      ),
    );
  }

  reserve({ key, data, claims, leaseMs }: Reservation): Promise<AttachmentData> {
    return this.#core.metadata.write('state', (tx) => {
      const lease = this.#core.leases.create(tx, { expiresInMs: leaseMs, labels: { [LEASE_LABEL]: key } });
      const holder = { containerId: data.containerId, ifname: data.ifname };
      const taken = claims.flatMap((claim) => claim.take(tx, { holder, lease: lease.id }));
      const reserved: AttachmentData = { ...data, claims: taken.map(storedClaim), lease: lease.id };
      if (!isAttachmentData(reserved))
        throw attachmentErrors.modeFailed(`the mode '${data.mode}' wants settings or claims for ${key} that are none`);
      this.#snapshotter.prepare(tx, key, { data: reserved, parents: taken.map(claimName), lease: lease.id });
      this.#core.events.publish(tx, { topic: '/attachments/attaching', data: eventData(reserved) });
      return reserved;
    });
  }

  commit(
    key: string,
    data: AttachmentData,
    result: AttachmentResult,
    { since, durationMs }: { readonly since: string; readonly durationMs: number },
  ): Promise<void> {
    return this.#core.metadata.write('state', (tx) => {
      this.#snapshotter.commit(tx, key, { data: { ...data, result }, labels: { [ROOT_LABEL]: since } });
      // The attachment has its root now, and the claims have the attachment.
      this.#core.leases.delete(tx, data.lease, { resourcesLiveOn: true });
      const addresses = result.ips.map((ip) => ip.address);
      this.#core.events.publish(tx, { topic: '/attachments/attached', data: eventData(data, { ips: addresses, durationMs }) });
    });
  }

  /** Takes away what keeps it alive. Nothing to do where it is condemned or gone. */
  release(
    key: string,
    topic: '/attachments/detaching' | '/attachments/failed',
    facts: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    return this.#core.metadata.write('state', (tx) => {
      const snapshot = this.#snapshotter.get(tx, key);
      if (!snapshot || this.#core.gc.isCondemned(tx, { type: ATTACHMENT, key })) return;
      if (snapshot.labels[ROOT_LABEL] !== undefined) this.#snapshotter.update(tx, key, { labels: { [ROOT_LABEL]: '' } });
      if (snapshot.kind === 'active' && this.#core.leases.get(tx, snapshot.data.lease)) this.#core.leases.delete(tx, snapshot.data.lease);
      this.#core.events.publish(tx, { topic, data: eventData(snapshot.data, facts) });
      this.#core.gc.condemn(tx, { type: ATTACHMENT, key });
    });
  }

  /** Undoes what `release` has made garbage; resolves when its effect is gone from the network. */
  async collect(key: string, signal: AbortSignal): Promise<void> {
    await this.#core.gc.collect({ type: ATTACHMENT, key }, { signal });
  }

  /** Resolves when nothing of it is left, its record and claims included. */
  async finished(key: string, signal: AbortSignal): Promise<void> {
    await this.#core.gc.finished({ type: ATTACHMENT, key }, { signal });
  }

  /**
   * Drops the leases of an engine that died: one agent at a time has the store, so nobody is at work under them.
   * Resolves with their number.
   */
  dropAbandonedLeases(): Promise<number> {
    return this.#core.metadata.write('state', (tx) => {
      const abandoned = Array.from(this.#core.leases.list(tx)).filter((lease) => lease.labels[LEASE_LABEL] !== undefined);
      for (const lease of abandoned) this.#core.leases.delete(tx, lease.id);
      this.#core.gc.trigger(tx);
      return abandoned.length;
    });
  }
}

function openSnapshotter(
  core: BooksDependencies,
  cleanup: (data: AttachmentData, signal: AbortSignal) => Promise<void | { readonly settled: Promise<void> }>,
) {
  return core.snapshots.open<AttachmentData>({
    type: ATTACHMENT,
    store: 'state',
    isData: isAttachmentData,
    cleanup: (snapshot, signal) => cleanup(snapshot.data, signal),
    removed: (tx, snapshot) => core.events.publish(tx, { topic: '/attachments/detached', data: eventData(snapshot.data) }),
  });
}
