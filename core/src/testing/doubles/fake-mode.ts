import type { Claims } from '../../claims/claims.ts';
import type { JsonObject } from '../../json.ts';
import type { Attachment, AttachmentRequest, AttachmentResult } from '../../network/attachment.ts';
import type { ClaimRequest, NetworkMode } from '../../network/mode.ts';

/** A mode that keeps in memory what it has made, and does as a test says. */
export class FakeMode implements NetworkMode {
  /** Keys of attachments that are made. */
  readonly made = new Set<string>();
  readonly log: string[] = [];
  /** Runs in the middle of each method; throws or waits as the test wants. */
  during: (method: 'attach' | 'check' | 'detach', signal: AbortSignal) => Promise<void> | void = () => {};
  settling: Promise<void> | undefined;
  /** Throws what keeps it from attaching to a network; nothing unless a test sets it. */
  ready: NonNullable<NetworkMode['ready']> = () => {};
  readonly #claims: Claims;
  #next = 1;

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  settings(request: AttachmentRequest, _signal: AbortSignal): JsonObject | Promise<JsonObject> {
    return { ...request.network.settings };
  }

  claims(): readonly ClaimRequest[] {
    return [
      {
        type: 'address',
        take: (tx, { holder, lease }) => {
          const key = `10.0.0.${this.#next++}`;
          return [this.#claims.take(tx, { type: 'address', key, holder, lease, data: { address: `${key}/24` } })];
        },
      },
    ];
  }

  async attach(attachment: Attachment, signal: AbortSignal): Promise<AttachmentResult> {
    const key = `${attachment.containerId}/${attachment.ifname}`;
    this.log.push(`attach ${key}`);
    this.made.add(key);
    await this.during('attach', signal);
    const [claim] = attachment.claims;
    return {
      interfaces: [{ name: attachment.ifname, mac: '0a:58:00:00:00:01', sandbox: attachment.netns }],
      ips: [{ address: `${claim?.key}/24`, interface: 0 }],
      routes: [],
    };
  }

  async check(attachment: Attachment, signal: AbortSignal): Promise<void> {
    this.log.push(`check ${attachment.containerId}/${attachment.ifname}`);
    await this.during('check', signal);
  }

  async detach(attachment: Attachment, signal: AbortSignal): ReturnType<NetworkMode['detach']> {
    const key = `${attachment.containerId}/${attachment.ifname}`;
    this.log.push(`detach ${key}`);
    await this.during('detach', signal);
    this.made.delete(key);
    return this.settling && { settled: this.settling };
  }
}
