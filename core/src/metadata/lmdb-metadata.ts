import { chmod } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, makeFolders } from '../context/index.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Carry } from '../telemetry/tracing.ts';
import { type BootIdReader, kernelBootId } from './boot-id.ts';
import { DATA_FILE, type Environment } from './environment.ts';
import type { HawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { codeOf, commitError, fileError } from './file-error.ts';
import { KeptFile } from './kept-file.ts';
import { lockFolder } from './folder-lock.ts';
import { Headroom } from './headroom.ts';
import { currentVersion, type Migrations, MIGRATIONS } from './migrations.ts';
import { adoptNamespaces, namespaceLookUp, withoutRecord } from './namespace-records.ts';
import {
  DEFAULT_NAMESPACE,
  type Metadata,
  type ReadScope,
  type ReadTransaction,
  type StoreName,
  STORES,
  type StoreStats,
  type StoreView,
  type Transaction,
  type WriteScope,
} from './store.ts';
import { openStoreFolder } from './store-folder.ts';
import { type CommitMeter, commitMeters } from './store-metrics.ts';
import { StoreReader, ViewReader } from './transaction.ts';
import { WriteQueue } from './write-queue.ts';

export interface MetadataOptions {
  /** Folder of the durable store; made with mode 0700. */
  readonly root: string;
  /** Folder of the boot's store; made with mode 0711. */
  readonly state: string;
  readonly log: Logger;
  readonly bootId?: BootIdReader;
  readonly migrations?: Migrations;
  /** Where commits are measured, and by what. */
  readonly meter?: { readonly metrics: Metrics; readonly clock: Pick<Clock, 'monotonic'> };
  /** What effects after a commit are a part of; nothing of its own unless told. */
  readonly carry?: Carry;
}

const FOLDER_MODES: Readonly<Record<StoreName, number>> = { root: 0o700, state: 0o711 };

/** The stores, open for this process. */
export interface OpenMetadata extends Metadata, AsyncDisposable {
  /** Sees that the stores' files are still there; to be called now and then. Resolves with what is wrong, e.g. `metadata.file_lost`. */
  lookAfter(): Promise<HawserError | undefined>;
}

interface OpenStore {
  readonly environment: Environment;
  readonly queue: WriteQueue;
  readonly headroom: Headroom;
  readonly file: KeptFile;
  readonly schemaVersion: number;
}

/**
 * Opens both stores for this process alone. Errors: `metadata.locked`, `metadata.damaged`, `metadata.schema_newer`,
 * `metadata.migration_failed`, `metadata.disk_full`, `metadata.read_only`. What was open is closed again then.
 */
export async function openMetadata(options: MetadataOptions): Promise<OpenMetadata> {
  await using opening = new AsyncDisposableStack();
  const stores = new Map<StoreName, OpenStore>();
  for (const store of STORES) {
    await prepareFolder(options[store], FOLDER_MODES[store]);
    opening.use(await lockFolder(options[store]));
  }
  const observers: Observers = new Set();
  const { meter } = options;
  const meterOf = meter === undefined ? undefined : commitMeters(meter.metrics, meter.clock);
  const isThere = namespaceLookUp(() => openIn(stores, 'root').environment);
  for (const store of STORES) {
    const opened = await openStore(store, options, { observers, isThere, meter: meterOf?.(store) });
    stores.set(store, opened);
    opening.defer(() => opened.environment.close());
    opening.use(opened.file);
    opening.use(opened.headroom);
    opening.defer(() => opened.queue.close());
  }
  await adoptFound(stores, options.log);
  const held = opening.move();
  return new LmdbMetadata(stores, observers, () => held.disposeAsync());
}

function openIn(stores: ReadonlyMap<StoreName, OpenStore>, store: StoreName): OpenStore {
  const opened = stores.get(store);
  if (opened === undefined) throw metadataErrors.closed(`the ${store} store is not open`);
  return opened;
}

/**
 * Gives a record to every namespace that holds something and has none: in stores from before there were such records, and in
 * those of which one was restored. Else nobody could finish what is there.
 */
async function adoptFound(stores: ReadonlyMap<StoreName, OpenStore>, log: Logger): Promise<void> {
  const root = new StoreReader('root', openIn(stores, 'root').environment);
  const state = new StoreReader('state', openIn(stores, 'state').environment);
  const names = withoutRecord(root, [DEFAULT_NAMESPACE, ...root.namespaces(), ...state.namespaces()]);
  if (names.length === 0) return;
  await openIn(stores, 'root').queue.write((tx) => adoptNamespaces(tx, names));
  const found = names.filter((name) => name !== DEFAULT_NAMESPACE);
  if (found.length > 0) log.info({ namespaces: found }, 'gave records to namespaces that had none');
}

type Observers = Set<(store: StoreName, transactions: number) => void>;

/** What both stores share, and what measures one of them. */
interface Surroundings {
  readonly observers: Observers;
  readonly isThere: (namespace: string) => boolean;
  readonly meter: CommitMeter | undefined;
}

async function openStore(store: StoreName, options: MetadataOptions, { observers, isThere, meter }: Surroundings): Promise<OpenStore> {
  const { log, bootId = kernelBootId, migrations = MIGRATIONS, carry } = options;
  const steps = migrations[store];
  try {
    const environment = await openStoreFolder({ store, folder: options[store], steps, bootId, log });
    const headroom = await openHeadroom(environment);
    const committed = (transactions: number): void => {
      for (const observe of observers) {
        try {
          observe(store, transactions);
        } catch (error) {
          log.error({ err: error, store }, 'who observes commits has failed');
        }
      }
    };
    const file = new KeptFile({ store, folder: options[store], mode: FOLDER_MODES[store], environment, bootId, log });
    const assertKept = (): void => file.assertKept();
    const around = { committed, isThere, assertKept, ...(meter === undefined ? {} : { meter }), ...(carry === undefined ? {} : { carry }) };
    const queue = new WriteQueue(store, environment, log, headroom, around);
    return { environment, queue, headroom, file, schemaVersion: currentVersion(steps) };
  } catch (error) {
    throw folderError(error, options[store]);
  }
}

async function openHeadroom(environment: Environment): Promise<Headroom> {
  try {
    return new Headroom(join(environment.folder, DATA_FILE));
  } catch (error) {
    await environment.close();
    throw error;
  }
}

async function prepareFolder(folder: string, mode: number): Promise<void> {
  try {
    await makeFolders(folder, mode);
    await chmod(folder, mode);
  } catch (error) {
    throw folderError(error, folder);
  }
}

/** The file system's error as one of the catalogue. */
function folderError(error: unknown, folder: string): Error {
  const told = fileError(error, folder);
  if (told !== undefined) return told;
  const code = codeOf(error);
  if (typeof code === 'string' && code.startsWith('E')) return metadataErrors.openFailed(`${folder} can't be used`, { cause: error });
  return commitError(error);
}

/** LMDB has 126 places for readers; few are needed. */
const MAX_VIEWS = 16;

class LmdbMetadata implements OpenMetadata {
  readonly #stores: ReadonlyMap<StoreName, OpenStore>;
  readonly #observers: Observers;
  readonly #views = new Set<ViewReader>();
  readonly #close: () => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(stores: ReadonlyMap<StoreName, OpenStore>, observers: Observers, close: () => Promise<void>) {
    this.#stores = stores;
    this.#observers = observers;
    this.#close = close;
  }

  read<T>(store: StoreName, fn: (tx: ReadTransaction) => T, { namespace }: ReadScope = {}): T {
    const { environment, queue } = this.#open(store);
    const reader = new StoreReader(store, environment, namespace, { ended: false, begun: queue.begun });
    try {
      return fn(reader);
    } finally {
      reader.end();
    }
  }

  view(store: StoreName, lifetime: AbortSignal): StoreView {
    lifetime.throwIfAborted();
    const { environment, queue } = this.#open(store);
    if (this.#views.size >= MAX_VIEWS) throw metadataErrors.tooManyViews(`${MAX_VIEWS} views are open already`);
    const { pages, done } = environment.view();
    const end = () => view[Symbol.dispose]();
    const view = new ViewReader(store, pages, queue.begun, () => {
      lifetime.removeEventListener('abort', end);
      this.#views.delete(view);
      done();
    });
    this.#views.add(view);
    lifetime.addEventListener('abort', end, { once: true });
    return view;
  }

  onCommit(observe: (store: StoreName, transactions: number) => void): Disposable {
    const observer = (store: StoreName, transactions: number): void => observe(store, transactions);
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  async write<T>(store: StoreName, fn: (tx: Transaction) => T, scope?: WriteScope): Promise<T> {
    return this.#open(store).queue.write(fn, scope);
  }

  stats(): Readonly<Record<StoreName, StoreStats>> {
    return { root: this.#stats('root'), state: this.#stats('state') };
  }

  async backup(store: StoreName, folder: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { environment } = this.#open(store);
    const { putCopy } = await import('./backup.ts');
    await putCopy(folder, async (draft) => {
      await environment.copyTo(draft);
      signal.throwIfAborted();
    });
  }

  async lookAfter(): Promise<HawserError | undefined> {
    const faults = await Promise.all(Array.from(this.#stores.values(), ({ file }) => file.look()));
    return faults.find((fault) => fault !== undefined);
  }

  /** Commits what waits, then lets go of files and locks. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const view of this.#views) view[Symbol.dispose]();
    return (this.#closing ??= this.#close());
  }

  #stats(store: StoreName): StoreStats {
    const { environment, schemaVersion } = this.#open(store);
    const path = join(environment.folder, DATA_FILE);
    return { path, schemaVersion, sizeBytes: statSync(path).size, entries: environment.entries() };
  }

  #open(store: StoreName): OpenStore {
    const opened = this.#stores.get(store);
    if (opened === undefined || this.#closing !== undefined) throw metadataErrors.closed('the store is closed');
    return opened;
  }
}
