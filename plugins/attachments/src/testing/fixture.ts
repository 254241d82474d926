import { type FaultInjector, type JsonObject, type Providers } from '@hawser/core';
import type { Claim, Claims, Host } from '@hawser/core/contracts';
import { type AttachmentRequest, hostErrors, type Namespace, type NetworkMode } from '@hawser/core/network';
import { startCore, type TestCore, testContext, type TestContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { config } from '../config.ts';
import { AttachmentEngine } from '../engine.ts';
import { attachmentTopics } from '../topics.ts';

/** A mode that keeps in memory what it has made, and does as a test says. */
export class FakeMode implements NetworkMode {
  /** Keys of attachments that are made. */
  readonly made = new Set<string>();
  readonly log: string[] = [];
  /** Runs in the middle of each method; throws or waits as the test wants. */
  during: (method: 'attach' | 'check' | 'detach', signal: AbortSignal) => Promise<void> | void = () => {};
  settling: Promise<void> | undefined;
  readonly #claims: Claims;
  #next = 1;

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  settings(request: AttachmentRequest, _signal: AbortSignal): JsonObject | Promise<JsonObject> {
    return { ...request.network.settings };
  }

  claims(): ReturnType<NetworkMode['claims']> {
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

  async attach(attachment: Parameters<NetworkMode['attach']>[0], signal: AbortSignal) {
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

  async check(attachment: Parameters<NetworkMode['check']>[0], signal: AbortSignal): Promise<void> {
    this.log.push(`check ${attachment.containerId}/${attachment.ifname}`);
    await this.during('check', signal);
  }

  async detach(attachment: Parameters<NetworkMode['detach']>[0], signal: AbortSignal): ReturnType<NetworkMode['detach']> {
    const key = `${attachment.containerId}/${attachment.ifname}`;
    this.log.push(`detach ${key}`);
    await this.during('detach', signal);
    this.made.delete(key);
    return this.settling && { settled: this.settling };
  }
}

/** Namespaces by path: all that the engine asks a host for. */
export class FakeNamespaces {
  readonly ids = new Map<string, string>();

  get host(): Host {
    const openNamespace = async (path: string): Promise<Namespace> => {
      const inode = this.ids.get(path);
      if (inode === undefined) throw hostErrors.namespaceGone(`nothing is at ${path}`);
      return { id: { device: '4', inode }, path, [Symbol.dispose]: () => {} } as Namespace;
    };
    return { kind: 'simulated', openNamespace } as Host;
  }
}

export interface Fixture extends AsyncDisposable {
  readonly core: TestCore;
  readonly context: TestContext;
  readonly mode: FakeMode;
  readonly namespaces: FakeNamespaces;
  readonly engine: AttachmentEngine;
  claims(): readonly Claim[];
}

export interface FixtureOptions {
  readonly faults?: FaultInjector;
  readonly settings?: JsonObject;
  /** Where the stores are; one that is removed at the end unless told. */
  readonly folder?: string;
}

export async function openFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const context = testContext(options.faults ? { faults: options.faults } : {});
  const core = await startCore({ context, topics: attachmentTopics, ...(options.folder === undefined ? {} : { folder: options.folder }) });
  const mode = new FakeMode(core.claims);
  const namespaces = new FakeNamespaces();
  const modes: Providers<NetworkMode> = {
    get: (id) => (id === 'fake' ? mode : undefined),
    ids: () => ['fake'],
    whyNot: () => 'is not in this agent',
    [Symbol.iterator]: () => [['fake', mode] as const][Symbol.iterator](),
  };
  const settings = config.parse(options.settings ?? {});
  const engine = new AttachmentEngine({ ...core, context, modes, host: namespaces.host, settings, log: pino({ level: 'silent' }) });
  await engine.recover();
  return {
    core,
    context,
    mode,
    namespaces,
    engine,
    claims: () => core.metadata.read('state', (tx) => Array.from(core.claims.list(tx))),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      await core[Symbol.asyncDispose]();
    },
  };
}

/** A request for eth0 of a container in the namespace `/ns/<container>`. */
export function request(containerId: string, overrides: Partial<AttachmentRequest> = {}): AttachmentRequest {
  return {
    containerId,
    ifname: 'eth0',
    netns: `/ns/${containerId}`,
    network: { name: 'net', settings: {}, capabilities: {} },
    staticIps: [],
    ...overrides,
  };
}

export const call = (signal: AbortSignal = new AbortController().signal) => ({ signal, requestId: 'test' });
