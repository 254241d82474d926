import { afterEach, beforeEach, expect } from 'vitest';
import type { Holder } from '../../claims/claims.ts';
import { seededRandom } from '../../context/index.ts';
import type { JsonObject } from '../../json.ts';
import type { Attachment, AttachmentClaim, AttachmentRequest, AttachmentResult } from '../../network/attachment.ts';
import type { Host, Namespace } from '../../network/host.ts';
import type { ClaimRequest, NetworkMode } from '../../network/mode.ts';

/** What a suite gets for one test: a host, the mode on it, and the engine's part of taking claims. */
export interface ModeFixture extends AsyncDisposable {
  readonly host: Host;
  /** A path at which no namespace is yet, another one with each call. */
  namespacePath(): string;
  /** The mode as an agent has it that has just started, on this host or on one that stands in front of it. */
  start(host: Host): NetworkMode | Promise<NetworkMode>;
  /** Takes what the mode claims, as the engine does. */
  reserve(claims: readonly ClaimRequest[], holder: Holder): readonly AttachmentClaim[] | Promise<readonly AttachmentClaim[]>;
  /** Lets time pass until the promise settles, for hosts whose clock is held. */
  settle?<T>(promise: Promise<T>): Promise<T>;
}

/** Something that others do to an attachment, which `check` has to tell. */
export interface Damage {
  /** As a clause: `the gateway's neighbour entry is gone`. */
  readonly name: string;
  inflict(place: { readonly host: Host; readonly namespace: Namespace; readonly attachment: Attachment }): Promise<void>;
}

export interface ModeContractOptions {
  /** A fresh host and mode; disposed after the test. */
  make(): ModeFixture | Promise<ModeFixture>;
  /** Why the mode can't be tested on this machine; every test is then skipped with it. */
  readonly unavailable?: string | undefined;
  /** The network config's settings of all attachments. */
  readonly settings?: JsonObject;
  /** Damage that only this mode knows of, besides what the suite does itself. */
  readonly damages?: readonly Damage[];
}

/** A container with its namespace, and the attachment as the engine has it in its books. */
export interface Pod {
  readonly path: string;
  readonly namespace: Namespace;
  readonly attachment: Attachment;
}

export interface ModeBench {
  readonly host: Host;
  start(host?: Host): Promise<NetworkMode>;
  /** A new namespace and the attachment to be made in it. */
  pod(mode: NetworkMode, request?: Partial<AttachmentRequest>): Promise<Pod>;
  /** A new namespace at a path that has none. */
  namespaceAt(path: string): Promise<Namespace>;
  deleteNamespace(path: string): Promise<void>;
  attach(mode: NetworkMode, attachment: Attachment, signal?: AbortSignal): Promise<AttachmentResult>;
  check(mode: NetworkMode, attachment: Attachment): Promise<void>;
  /** Detaches and waits for what is slow, too. */
  detach(mode: NetworkMode, attachment: Attachment): Promise<void>;
  settle<T>(promise: Promise<T>): Promise<T>;
}

/** Registers set-up and clean-up with the runner. */
export function modeBench(options: ModeContractOptions): ModeBench {
  let fixture: ModeFixture | undefined;
  let made = 0;
  const paths = new Set<string>();
  const opened: Namespace[] = [];
  const never = new AbortController().signal;
  const current = (): ModeFixture => fixture ?? expect.fail('the mode is there during a test only');
  const settle = <T>(promise: Promise<T>): Promise<T> => current().settle?.(promise) ?? promise;

  beforeEach(async (test) => {
    if (options.unavailable !== undefined) test.skip(options.unavailable);
    fixture = await options.make();
  });
  afterEach(async () => {
    for (const namespace of opened.splice(0)) namespace[Symbol.dispose]();
    for (const path of paths) await current().host.deleteNamespace(path);
    paths.clear();
    await fixture?.[Symbol.asyncDispose]();
    fixture = undefined;
  });

  const namespaceAt = async (path: string): Promise<Namespace> => {
    await settle(current().host.createNamespace(path));
    paths.add(path);
    const namespace = await settle(current().host.openNamespace(path));
    opened.push(namespace);
    return namespace;
  };
  return {
    settle,
    namespaceAt,
    get host() {
      return current().host;
    },
    start: async (host = current().host) => current().start(host),
    async pod(mode, asked = {}) {
      const path = current().namespacePath();
      const namespace = await namespaceAt(path);
      return {
        path,
        namespace,
        attachment: await book(current(), options, mode, { containerId: `container${made++}`, netns: path, ...asked }),
      };
    },
    async deleteNamespace(path) {
      for (const namespace of opened) if (namespace.path === path) namespace[Symbol.dispose]();
      await settle(current().host.deleteNamespace(path));
      paths.delete(path);
    },
    attach: (mode, attachment, signal = never) => settle(mode.attach(attachment, signal)),
    check: (mode, attachment) => settle(mode.check(attachment, never)),
    async detach(mode, attachment) {
      const outcome = await settle(mode.detach(attachment, never));
      if (outcome) await settle(outcome.settled);
    },
  };
}

const random = seededRandom(4);

/** What the engine writes into its books before anything is made. */
async function book(
  fixture: ModeFixture,
  options: ModeContractOptions,
  mode: NetworkMode,
  asked: Pick<AttachmentRequest, 'containerId' | 'netns'> & Partial<AttachmentRequest>,
): Promise<Attachment> {
  const request: AttachmentRequest = {
    ifname: 'eth0',
    network: { name: 'contract', settings: options.settings ?? {}, capabilities: {} },
    staticIps: [],
    ...asked,
  };
  const signal = AbortSignal.any([]);
  const settings = (await mode.settings?.(request, signal)) ?? {};
  const { containerId, ifname, netns, mac } = request;
  const wanted = mode.claims(request, settings);
  for (const claim of wanted) await claim.prepare?.(signal);
  const claims = await fixture.reserve(wanted, { containerId, ifname });
  return {
    id: random.id(),
    containerId,
    ifname,
    netns,
    network: 'contract',
    mode: 'contract',
    settings,
    claims,
    ...(mac === undefined ? {} : { mac }),
  };
}
