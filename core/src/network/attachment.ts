// Shapes that are stored are type aliases: unlike interfaces they are assignable to JsonObject.
import type { Claim } from '../claims/claims.ts';
import type { JsonObject } from '../json.ts';

/** What identifies an attachment: one interface of one container. Text form: `<containerId>/<ifname>`. */
export type AttachmentId = {
  readonly containerId: string;
  readonly ifname: string;
};

/** The text form of an attachment's id. */
export const attachmentKey = (id: AttachmentId): string => `${id.containerId}/${id.ifname}`;

/** The Kubernetes pod that a container belongs to. */
export type PodRef = {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
};

/** One interface that an attachment made; `sandbox` is the namespace's path, absent for the host's. */
export type AttachedInterface = {
  readonly name: string;
  readonly mac: string;
  readonly mtu?: number;
  readonly sandbox?: string;
  readonly pciId?: string;
  readonly socketPath?: string;
};

/** `interface` is an index into `interfaces`. */
export type AttachedIp = {
  readonly address: string;
  readonly gateway?: string;
  readonly interface?: number;
};

/** One route inside the container; `dst` is a prefix, `gw` an address. */
export type AttachedRoute = {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
};

/** Resolver settings for the container, as resolv.conf(5) has them. */
export type AttachedDns = {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
};

/** What an attachment looks like from the container: the version-neutral form of a CNI result. */
export type AttachmentResult = {
  readonly interfaces: readonly AttachedInterface[];
  readonly ips: readonly AttachedIp[];
  readonly routes: readonly AttachedRoute[];
  readonly dns?: AttachedDns;
};

/** Everything that a caller asks of one attachment; validated at the edge, exact here. */
export interface AttachmentRequest extends AttachmentId {
  /** Path of the container's network namespace. */
  readonly netns: string;
  readonly network: NetworkRequest;
  readonly pod?: PodRef;
  /** Addresses asked for by the `ips` capability or `IP` in CNI_ARGS, with or without a prefix length. */
  readonly staticIps: readonly string[];
  /** Asked for by the `mac` capability, args or `MAC` in CNI_ARGS, in this order. */
  readonly mac?: string;
  /** What a plugin earlier in the chain made; to be passed on. */
  readonly previous?: AttachmentResult;
}

/** The network as the caller's config names it. */
export interface NetworkRequest {
  readonly name: string;
  /** The mode that the config asks for; the engine's default where absent. */
  readonly mode?: string;
  /** The CNI network config without the keys of the protocol itself, e.g. `{bridge, isGateway, mtu, …}`. */
  readonly settings: JsonObject;
  /** `runtimeConfig`, keys as they came. */
  readonly capabilities: JsonObject;
}

/** What of a network's config tells its mode; with its settings, that can say whether it could attach to just this network. */
export type NetworkChoice = Pick<NetworkRequest, 'name' | 'mode'> & Partial<Pick<NetworkRequest, 'settings'>>;

/** An attachment as modes see it: from the snapshot alone. */
export interface Attachment<S extends JsonObject = JsonObject> extends AttachmentId {
  /** 26 characters, new with each attachment; host-side names are derived from it. */
  readonly id: string;
  readonly network: string;
  readonly mode: string;
  /** Path of the namespace; it may be gone, and then it may also be somebody else's. */
  readonly netns: string;
  readonly pod?: PodRef;
  readonly mac?: string;
  /** What `NetworkMode.settings` returned. */
  readonly settings: S;
  readonly claims: readonly AttachmentClaim[];
  /** Present once it is committed. */
  readonly result?: AttachmentResult;
}

/** A claim as it was when the attachment was made. */
export type AttachmentClaim = Pick<Claim, 'type' | 'key' | 'data'>;
