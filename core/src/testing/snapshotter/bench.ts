import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { FaultInjector } from '../../context/index.ts';
import type { BackedOptions, BackedSnapshotter, SnapshotBackend } from '../../metadata/snapshot-backend.ts';
import { type TestContext, testContext } from '../context.ts';
import { startCore, type TestCore } from '../core.ts';

/** What a suite gets for one test: a backend, and the same one again as a process finds it that starts later. */
export interface BackendFixture extends AsyncDisposable {
  /** Each call stands for another process on the same disk, cloud or whatever keeps the objects. */
  open(): SnapshotBackend | Promise<SnapshotBackend>;
}

export interface SnapshotterContractOptions {
  /** A fresh place for objects; disposed after the test. */
  make(): BackendFixture | Promise<BackendFixture>;
  /** Writes something into an active object, by its mounts, and says how many bytes it takes at least; for usage. */
  write?(mounts: Awaited<ReturnType<SnapshotBackend['prepare']>>): Promise<number>;
  /** Why the backend can't be tested on this machine; every test is then skipped with it. */
  readonly skip?: string;
}

/** One agent's life: the core, and the type on it. */
export interface Life extends AsyncDisposable {
  readonly core: TestCore;
  readonly context: TestContext;
  readonly backend: SnapshotBackend;
  readonly snapshotter: BackedSnapshotter;
}

const TYPE = 'layer';
const SEEDS = { next: 1 };

/** Fixtures of one suite; `life` begins another process on the same store and the same backend. */
export interface SnapshotterBench {
  readonly options: SnapshotterContractOptions;
  life(faults?: FaultInjector): Promise<Life>;
}

export function snapshotterBench(options: SnapshotterContractOptions): SnapshotterBench {
  let fixture: BackendFixture;
  let folder: string;
  beforeEach(async ({ skip }) => {
    if (options.skip !== undefined) skip(options.skip);
    fixture = await options.make();
    folder = await mkdtemp(join(tmpdir(), 'hwt-snapshotter-'));
  });
  afterEach(async () => {
    if (options.skip !== undefined) return;
    await rm(folder, { recursive: true, force: true });
    await fixture[Symbol.asyncDispose]();
  });
  const life = async (faults?: FaultInjector): Promise<Life> => {
    const context = testContext({ seed: SEEDS.next++, ...(faults === undefined ? {} : { faults }) });
    const core = await startCore({ context, folder, gc: { startupDelayMs: 1_000_000 } });
    const backend = await fixture.open();
    const snapshotter = core.snapshots.openBacked({ type: TYPE, store: 'state', backend, orphanGraceMs: 60_000 });
    const end = async (): Promise<void> => {
      await snapshotter[Symbol.asyncDispose]();
      await core[Symbol.asyncDispose]();
    };
    return { core, context, backend, snapshotter, [Symbol.asyncDispose]: end };
  };
  return { options, life };
}

export const signal: AbortSignal = new AbortController().signal;
export const ROOTED: Pick<BackedOptions, 'labels' | 'signal'> = { labels: { 'gc.root': 'yes' }, signal };
export const name = (key: string): string => `${TYPE}/${key}`;

/** Ids of all objects that the backend has. */
export async function objectsOf({ backend }: Life): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const id of backend.list(signal)) ids.push(id);
  return ids.sort();
}

/** Ids of the objects that snapshots have. */
export const owned = ({ core, snapshotter }: Life): readonly string[] =>
  core.metadata.read('state', (tx) => Array.from(snapshotter.records.walk(tx), ({ data }) => data.id)).sort();

export const keys = ({ core, snapshotter }: Life): readonly string[] =>
  core.metadata.read('state', (tx) => Array.from(snapshotter.records.walk(tx), ({ key }) => key));

/** Nothing lost, nothing double: after a collection the backend has what snapshots have, and nothing else is known to the store. */
export async function expectAgreement(life: Life): Promise<void> {
  await life.core.gc.run({ signal });
  expect(await objectsOf(life)).toEqual(owned(life));
  expect(life.core.gc.status().condemned).toEqual([]);
}
