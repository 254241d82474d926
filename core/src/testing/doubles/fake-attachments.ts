import type { HawserError } from '../../errors/index.ts';
import {
  type AttachmentId,
  attachmentKey,
  type AttachmentRequest,
  type AttachmentResult,
  type NetworkChoice,
} from '../../network/attachment.ts';
import type { AttachmentRecord, Attachments, CallOptions, DetachRequest, RuntimeView } from '../../network/attachments.ts';
import { attachmentErrors } from '../../network/errors.ts';

/** An engine without a kernel: what is attached is a map. Hooks make it slow, failing or stubborn. */
export class FakeAttachments implements Attachments {
  readonly attached = new Map<string, AttachmentRecord>();
  /** `attach c1/eth0`, `detach c1/eth0`, in the order of their beginning. */
  readonly calls: string[] = [];
  readonly requests: AttachmentRequest[] = [];
  /** For which networks it was asked whether it is ready. */
  readonly askedReady: (NetworkChoice | undefined)[] = [];
  result: AttachmentResult = {
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/x' }],
    ips: [{ address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 0 }],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  notReady: HawserError | undefined;
  beforeAttach: (options: CallOptions) => Promise<void> = () => Promise.resolve();
  beforeDetach: (request: DetachRequest, options: CallOptions) => Promise<void> = () => Promise.resolve();
  readonly reaped: RuntimeView[] = [];

  async attach(request: AttachmentRequest, options: CallOptions): Promise<AttachmentResult> {
    const key = attachmentKey(request);
    this.calls.push(`attach ${key}`);
    this.requests.push(request);
    await this.beforeAttach(options);
    this.attached.set(key, this.#record(request));
    return this.result;
  }

  async detach(request: DetachRequest, options: CallOptions): Promise<void> {
    this.calls.push(`detach ${attachmentKey(request)}`);
    await this.beforeDetach(request, options);
    if (!this.attached.delete(attachmentKey(request))) throw attachmentErrors.notFound('nothing is attached there');
  }

  check(id: AttachmentId): Promise<void> {
    this.calls.push(`check ${attachmentKey(id)}`);
    if (this.attached.has(attachmentKey(id))) return Promise.resolve();
    return Promise.reject(attachmentErrors.notFound('nothing is attached there'));
  }

  reap(view: RuntimeView): Promise<readonly AttachmentId[]> {
    this.reaped.push(view);
    return Promise.resolve([]);
  }

  ready(network?: NetworkChoice): void {
    this.askedReady.push(network);
    if (this.notReady !== undefined) throw this.notReady;
  }

  list(): readonly AttachmentRecord[] {
    return [...this.attached.values()];
  }

  get(id: AttachmentId): AttachmentRecord | undefined {
    return this.attached.get(attachmentKey(id));
  }

  #record({ containerId, ifname, netns, network }: AttachmentRequest): AttachmentRecord {
    const identity = { id: 'x', containerId, ifname, netns, network: network.name, mode: 'fake' };
    return { ...identity, settings: {}, claims: [], state: 'attached', createdAt: '2026-01-01T00:00:00Z', result: this.result };
  }
}
