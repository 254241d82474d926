import type { HawserError } from '@hawser/core';
import {
  type AttachmentId,
  attachmentErrors,
  attachmentKey,
  type AttachmentRecord,
  type AttachmentRequest,
  type AttachmentResult,
  type Attachments,
  type CallOptions,
  type DetachRequest,
  type Host,
  hostErrors,
  type NamespaceId,
  type RuntimeView,
} from '@hawser/core/network';
import { type Logger, pino } from 'pino';

/** The namespace of the agent itself in the fake host. */
export const OWN_NETNS = '/proc/1/ns/net';

/** Namespaces by path; every other path is gone. */
export function fakeHost(
  paths: Readonly<Record<string, string>> = { '/run/netns/x': '2', [OWN_NETNS]: '1' },
): Pick<Host, 'own' | 'openNamespace'> {
  const namespace = (inode: string) => ({ id: { device: '4', inode } satisfies NamespaceId, [Symbol.dispose]: () => undefined });
  return {
    // Only its identity is asked for.
    own: namespace('1') as Host['own'],
    openNamespace: (path) => {
      const inode = paths[path];
      if (inode === undefined) return Promise.reject(hostErrors.namespaceGone('no namespace is at this path'));
      return Promise.resolve(namespace(inode) as Awaited<ReturnType<Host['openNamespace']>>);
    },
  };
}

/** An engine without a kernel: what is attached is a map. Hooks make it slow, failing or stubborn. */
export class FakeAttachments implements Attachments {
  readonly attached = new Map<string, AttachmentRecord>();
  /** `attach c1/eth0`, `detach c1/eth0`, in the order of their beginning. */
  readonly calls: string[] = [];
  readonly requests: AttachmentRequest[] = [];
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

  ready(): void {
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

/** Waits until the signal aborts and fails with its reason, as an engine that undoes at once does. */
export function untilAborted({ signal }: Pick<CallOptions, 'signal'>): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason));
  return promise;
}

/** Resolves once the condition holds; sockets and processes are real and take their time. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the condition never came true');
}

/** A logger that keeps its lines. */
export function recordingLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log: Logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}
