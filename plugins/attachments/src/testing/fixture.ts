import type { FaultInjector, JsonObject, Providers } from '@hawser/core';
import type { Claim } from '@hawser/core/contracts';
import type { AttachmentRequest, NetworkMode } from '@hawser/core/network';
import { type FakeHost, fakeHost, FakeMode, startCore, type TestCore, testContext, type TestContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { config } from '../config.ts';
import { AttachmentEngine } from '../engine.ts';
import { attachmentTopics } from '../topics.ts';

export interface Fixture extends AsyncDisposable {
  readonly core: TestCore;
  readonly context: TestContext;
  readonly mode: FakeMode;
  readonly host: FakeHost;
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
  const host = fakeHost();
  const modes: Providers<NetworkMode> = {
    get: (id) => (id === 'fake' ? mode : undefined),
    ids: () => ['fake'],
    whyNot: () => 'is not in this agent',
    [Symbol.iterator]: () => [['fake', mode] as const][Symbol.iterator](),
  };
  const settings = config.parse(options.settings ?? {});
  const engine = new AttachmentEngine({ ...core, context, modes, host, settings, log: pino({ level: 'silent' }) });
  await engine.recover();
  return {
    core,
    context,
    mode,
    host,
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
