/**
 * What the books hold of one attachment.
 *
 * ```
 * snapshot attachment/<containerId>/<ifname>
 *   kind     active while it is being attached, committed afterwards
 *   parents  claim/<type>/<key> of each claim
 *   labels   gc.root while it is attached; its absence on a committed one means that it is being detached
 *   data     AttachmentData
 * ```
 */
import { isJsonObject, isTexts, type JsonObject, type JsonValue } from '@hawser/core';
import type { Snapshot } from '@hawser/core/contracts';
import type {
  Attachment,
  AttachmentClaim,
  AttachmentRecord,
  AttachmentResult,
  AttachmentState,
  NamespaceId,
  PodRef,
} from '@hawser/core/network';

export const ATTACHMENT = 'attachment';

/** The label that keeps an attachment alive once it is committed; its value says since when. */
export const ROOT_LABEL = 'gc.root';

export type AttachmentData = {
  readonly id: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly network: string;
  readonly mode: string;
  readonly netns: string;
  /** Identity of the namespace behind the path when it was attached. */
  readonly netnsId: { readonly device: string; readonly inode: string };
  readonly pod?: PodRef;
  readonly mac?: string;
  readonly settings: JsonObject;
  readonly claims: readonly { readonly type: string; readonly key: string; readonly data: JsonObject }[];
  /** The lease that protects it while it is active. */
  readonly lease: string;
  readonly result?: AttachmentResult;
};

const TEXTS = ['id', 'containerId', 'ifname', 'network', 'mode', 'netns', 'lease'] as const;
const LISTS = ['interfaces', 'ips', 'routes'] as const;

/** Whether stored data can be what the engine has put. */
export const isAttachmentData = (data: JsonObject): data is AttachmentData =>
  TEXTS.every((field) => typeof data[field] === 'string') &&
  isTexts(data['netnsId']) &&
  (data['pod'] === undefined || isTexts(data['pod'])) &&
  (data['mac'] === undefined || typeof data['mac'] === 'string') &&
  isJsonObject(data['settings']) &&
  Array.isArray(data['claims']) &&
  data['claims'].every(isStoredClaim) &&
  (data['result'] === undefined || isResult(data['result']));

const isStoredClaim = (value: unknown): boolean =>
  isJsonObject(value) && typeof value['type'] === 'string' && typeof value['key'] === 'string' && isJsonObject(value['data']);

function isResult(value: unknown): boolean {
  return isJsonObject(value) && LISTS.every((list) => Array.isArray(value[list]));
}

/** The attachment as its mode sees it. */
export function toAttachment(data: AttachmentData): Attachment {
  const { netnsId: _identity, lease: _lease, ...attachment } = data;
  return attachment;
}

/** The attachment as listings show it. */
export function toRecord(snapshot: Snapshot<AttachmentData>, condemned: boolean): AttachmentRecord {
  return { ...toAttachment(snapshot.data), state: stateOf(snapshot, condemned), createdAt: snapshot.createdAt };
}

function stateOf(snapshot: Snapshot<AttachmentData>, condemned: boolean): AttachmentState {
  if (condemned) return 'detaching';
  if (snapshot.kind === 'active') return 'attaching';
  return isRooted(snapshot) ? 'attached' : 'detaching';
}

/** Whether somebody wants it: committed and not being detached. */
export function isRooted(snapshot: Snapshot<AttachmentData>): boolean {
  return snapshot.kind === 'committed' && snapshot.labels[ROOT_LABEL] !== undefined;
}

/** A claim as it is kept with the attachment. */
export function storedClaim(claim: AttachmentClaim): AttachmentData['claims'][number] {
  return { type: claim.type, key: claim.key, data: claim.data };
}

export function sameNamespace(a: NamespaceId, b: NamespaceId): boolean {
  return a.device === b.device && a.inode === b.inode;
}

/** Facts of an attachment that its events carry. */
export function eventData(data: AttachmentData, extra: Readonly<Record<string, JsonValue>> = {}): JsonObject {
  return {
    containerId: data.containerId,
    ifname: data.ifname,
    network: data.network,
    mode: data.mode,
    ...(data.pod ? { podNamespace: data.pod.namespace, podName: data.pod.name } : {}),
    ...extra,
  };
}

/** Facts of an attachment that its log lines carry. */
export function logFields({ containerId, ifname, network, mode, pod }: AttachmentData) {
  return { containerId, ifname, network, mode, ...(pod ? { podNamespace: pod.namespace, podName: pod.name } : {}) };
}
