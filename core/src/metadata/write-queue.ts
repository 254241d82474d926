import type { Logger } from 'pino';
import { currentRequest, inRequest } from '../context/index.ts';
import type { Carry } from '../telemetry/tracing.ts';
import { metadataErrors } from './errors.ts';
import type { Environment } from './environment.ts';
import { codeOf, commitError } from './file-error.ts';
import { type Headroom, type MayWrite, roomFor } from './headroom.ts';
import type { StoreName, Transaction, WriteScope } from './store.ts';
import type { CommitMeter } from './store-metrics.ts';
import { StoreWriter } from './transaction.ts';
import { WriteSet } from './write-set.ts';

interface Job {
  /** Of which it is a part, whoever's turn carries it out. */
  readonly requestId: string | undefined;
  readonly carried: ReturnType<Carry> | undefined;
  /** Runs the caller's function in the open transaction; throws what it throws. */
  run(): void;
  /** Hands what it wrote to the open transaction. */
  flush(): void;
  /** After the commit. */
  resolve(): void;
  reject(error: unknown): void;
  readonly writer: StoreWriter;
}

/** What one turn has carried out. */
interface Drained {
  readonly jobs: readonly Job[];
  readonly done: readonly Job[];
  readonly waitedMs: number;
  readonly tookMs: number;
}

export interface WriteQueueOptions {
  /** Told after each commit how many transactions it had. */
  readonly committed?: (transactions: number) => void;
  /** Whether there is a namespace; every one is there unless told. */
  readonly isThere?: (namespace: string) => boolean;
  readonly meter?: CommitMeter;
  /** Throws where nothing new may be taken. */
  readonly assertKept?: () => void;
  /** Makes the effects of a transaction a part of what its writer does, as a tracer sees it, not of what the first of a commit does. */
  readonly carry?: Carry;
}

/**
 * The single writer of one environment. Calls that come in the same turn of the event loop share one commit. Each keeps
 * what it writes to itself until it has returned, so that one that throws takes nothing of the others along.
 */
export class WriteQueue {
  readonly #store: StoreName;
  readonly #environment: Environment;
  readonly #log: Logger;
  readonly #headroom: Headroom;
  readonly #committed: (transactions: number) => void;
  readonly #meter: CommitMeter | undefined;
  readonly #carry: Carry | undefined;
  readonly #isThere: ((namespace: string) => boolean) | undefined;
  readonly #assertKept: () => void;
  /** When the first of those that wait came; told to the meter only. */
  #waitingSince = 0;
  #jobs: Job[] = [];
  #closed = false;
  #begun = 0;

  constructor(store: StoreName, environment: Environment, log: Logger, headroom: Headroom, around: WriteQueueOptions = {}) {
    this.#isThere = around.isThere;
    this.#assertKept = around.assertKept ?? (() => undefined);
    this.#committed = around.committed ?? (() => undefined);
    this.#meter = around.meter;
    this.#carry = around.carry;
    this.#store = store;
    this.#environment = environment;
    this.#log = log;
    this.#headroom = headroom;
  }

  write<T>(fn: (tx: Transaction) => T, scope: WriteScope = {}): Promise<T> {
    if (this.#closed) return Promise.reject(metadataErrors.closed('the store is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const headroom = this.#headroom;
    const writes = new WriteSet(this.#environment);
    const hasSpace = () => {
      this.#assertKept();
      return headroom.ensure(headroom.reserveBytes);
    };
    const isThere = this.#isThere;
    const writer = new StoreWriter(this.#store, writes, { ...scope, hasSpace, ...(isThere === undefined ? {} : { isThere }) });
    let outcome: { readonly value: T } | undefined;
    this.#jobs.push({
      requestId: currentRequest(),
      carried: this.#carry?.(),
      writer,
      reject,
      run: () => {
        const value = synchronous(fn(writer));
        writer.settle();
        outcome = { value };
      },
      flush: () => writes.flush(),
      resolve: () => void (outcome !== undefined && resolve(outcome.value)),
    });
    if (this.#jobs.length > 1) return promise;
    if (this.#meter !== undefined) this.#waitingSince = this.#meter.now();
    inRequest(undefined, () => setImmediate(() => this.#drain()));
    return promise;
  }

  /** Transactions that have begun, whatever became of them. */
  get begun(): number {
    return this.#begun;
  }

  /** Commits what waits and refuses what comes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#drain();
  }

  #drain(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return;
    const began = this.#meter?.now() ?? 0;
    // Effects may queue the next ones.
    const waitedMs = began - this.#waitingSince;
    let done: readonly Job[];
    try {
      done = this.#commit(jobs);
    } catch (error) {
      this.#harmless(() => this.#meter?.failed(jobs.length));
      for (const job of jobs) job.reject(commitError(error));
      return;
    }
    const tookMs = (this.#meter?.now() ?? 0) - began;
    // It is committed: nothing that fails from here on may be told as its failure.
    for (const job of done) this.#takeEffect(job);
    for (const job of done) job.resolve();
    this.#harmless(() => this.#measure({ jobs, done, waitedMs, tookMs }));
    if (done.length > 0) this.#harmless(() => this.#committed(done.length));
  }

  #takeEffect({ requestId, carried, writer }: Job): void {
    const all = (): void => {
      for (const effect of writer.effects) this.#harmless(effect);
    };
    inRequest(requestId, carried === undefined ? all : () => carried(all));
  }

  #measure({ jobs, done, waitedMs, tookMs }: Drained): void {
    const meter = this.#meter;
    if (meter === undefined) return;
    let bytes = 0;
    for (const { writer } of done) bytes += writer.mayWrite.added / 2;
    meter.committed({ done: done.length, refused: jobs.length - done.length, bytes, waitedMs, tookMs });
  }

  /** Those that are part of the commit. */
  #commit(jobs: readonly Job[]): readonly Job[] {
    using _room = this.#headroom.hold();
    return this.#environment.transact(() => {
      const done = jobs.filter((job) => attempt(job, ++this.#begun));
      if (!this.#headroom.ensure(roomFor(writtenBy(done), this.#headroom.usedBytes())))
        throw metadataErrors.diskFull(`the disk of the ${this.#store} store is full`);
      return done;
    });
  }

  #harmless(effect: () => unknown): void {
    const failed = (error: unknown): void => this.#log.error({ err: error, store: this.#store }, 'an effect after a commit failed');
    try {
      const result = effect();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** Whether it is part of the commit. What fails while it is written, of the store itself, is the failure of the whole commit. */
function attempt(job: Job, begun: number): boolean {
  job.writer.begin(begun);
  try {
    inRequest(job.requestId, () => job.run());
  } catch (error) {
    job.reject(isOfStore(error) ? commitError(error) : error);
    return false;
  } finally {
    job.writer.end();
  }
  job.flush();
  return true;
}

const writtenBy = (jobs: readonly Job[]): readonly MayWrite[] => jobs.map(({ writer }) => writer.mayWrite);

function synchronous<T>(result: T): T {
  if (result instanceof Promise) {
    result.catch(() => {});
    throw metadataErrors.notSynchronous('the callback of a write transaction returned a promise');
  }
  return result;
}

/** LMDB's errors carry a number, those of Node.js a name, which is the caller's own. */
const isOfStore = (error: unknown): boolean => typeof codeOf(error) === 'number';
