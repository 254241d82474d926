import { type AttachmentRecord, attachmentKey, type Host, hostErrors, type NamespaceId, type RuntimeView } from '@hawser/core/network';
import { sameNamespace } from './record.ts';

/** Namespaces that are looked at in one turn of the event loop, some 50 µs each. */
const SLICE = 8;

/**
 * The attachments of a network that its runtime has lost. With a list: those that are not on it. Without one: those
 * whose namespace is gone, or whose path leads to another namespace by now. One that is still being attached is
 * younger than the list. Rejects with the reason of the signal once that is aborted.
 */
export async function lostAttachments(
  records: readonly AttachmentRecord[],
  view: RuntimeView,
  host: Host,
  netnsIdOf: (key: string) => NamespaceId | undefined,
  signal: AbortSignal,
): Promise<readonly AttachmentRecord[]> {
  const candidates = records.filter((record) => record.network === view.network && record.state !== 'attaching');
  if (view.valid) {
    const valid = new Set(view.valid.map(attachmentKey));
    return candidates.filter((record) => !valid.has(attachmentKey(record)));
  }
  const lost: AttachmentRecord[] = [];
  for (const [index, record] of candidates.entries()) {
    if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
    signal.throwIfAborted();
    if (await hasLostNamespace(record, host, netnsIdOf(attachmentKey(record)))) lost.push(record);
  }
  return lost;
}

async function hasLostNamespace(record: AttachmentRecord, host: Host, id: NamespaceId | undefined): Promise<boolean> {
  try {
    using namespace = await host.openNamespace(record.netns);
    return id !== undefined && !sameNamespace(namespace.id, id);
  } catch (error) {
    // Only certainty counts: a namespace that can't be looked at is not lost, and is in nobody else's way.
    return hostErrors.namespaceGone.is(error);
  }
}
