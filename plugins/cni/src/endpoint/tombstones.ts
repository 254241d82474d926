import type { Clock, HawserError, Logger } from '@hawser/core';
import { deadlineSignal, inRequest, toHawserError } from '@hawser/core';
import type { AttachmentId, Attachments, DetachRequest } from '@hawser/core/network';
import { attachmentKey } from '@hawser/core/network';
import { CniCode, CniError } from '../protocol/cni-error.ts';
import { toleratingAbsence } from './absence.ts';
import type { TombstoneFolder } from './tombstone-folder.ts';

const PARALLEL = 16;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** How often the folder is looked at while nothing is due: an executable may have missed this agent's socket by a moment. */
const IDLE_MS = 30_000;

/** More than any file system rounds its times by (two seconds): a change after a look that came this late has another time. */
const TICK_MS = 3_000;

/** Tombstones read in one turn of the event loop: some milliseconds. */
const SLICE = 64;

interface Pending {
  readonly name: string;
  readonly request: DetachRequest;
  attempts: number;
  /** Of the monotonic clock. */
  dueAt: number;
  running: Promise<void> | undefined;
}

export interface TombstonesOptions {
  readonly folder: TombstoneFolder;
  readonly attachments: Pick<Attachments, 'detach'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newRequestId: () => string;
  readonly deadlineMs: number;
  /** Told after each round what could not be carried out. */
  readonly onPending?: (count: number, error: HawserError | undefined) => void;
}

/**
 * DELs that came while no agent was there. Each is carried out, and is over when its file is removed after that; one that
 * fails stays and is tried again with back-off.
 *
 * A tombstone is older than every ADD that arrives while its file is there, and must not undo it: `settle` carries
 * out what waits for an interface before that interface is made anew.
 */
export class Tombstones {
  readonly #options: TombstonesOptions;
  readonly #pending = new Map<string, Pending>();
  #scanning: Promise<void> = Promise.resolve();
  #nextScan: Promise<void> | undefined;
  #complete = true;
  /** Of the folder when it was read and held nothing. */
  #emptyStamp: string | undefined;
  #carriedOut = 0;
  #lastError: HawserError | undefined;

  constructor(options: TombstonesOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** Tries everything that is there once; what fails stays for the worker. */
  async replay(signal: AbortSignal): Promise<void> {
    let before: number;
    do {
      before = this.#carriedOut;
      await this.#scan();
      await this.#carryOut([...this.#pending.values()], signal);
    } while (!this.#complete && this.#carriedOut > before && !signal.aborted);
    this.#options.onPending?.(this.#pending.size, this.#lastError);
  }

  /** Carries out what waits for this interface; throws "try again" where that fails. */
  async settle(id: AttachmentId, signal: AbortSignal): Promise<void> {
    await this.#scan().catch((cause: unknown) => {
      throw new CniError(CniCode.io, 'the folder of earlier DELs cannot be read, so this interface may still have one', { cause });
    });
    if (!this.#complete) throw new CniError(CniCode.tryAgain, 'too many earlier DELs wait to be carried out; try again');
    const key = attachmentKey(id);
    const mine = () => [...this.#pending.values()].filter(({ request }) => attachmentKey(request) === key);
    await this.#carryOut(mine(), signal);
    if (mine().length > 0) throw new CniError(CniCode.tryAgain, 'an earlier DEL of this interface could not be carried out yet; try again');
  }

  /** Goes on trying, and looks for tombstones that came late, until the signal aborts. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, log, onPending } = this.#options;
    while (!signal.aborted) {
      await this.#scan().catch((error: unknown) => log.error({ err: error }, 'the folder of tombstones cannot be read'));
      const now = clock.monotonic();
      await this.#carryOut(
        [...this.#pending.values()].filter(({ dueAt }) => dueAt <= now),
        signal,
      );
      onPending?.(this.#pending.size, this.#lastError);
      let next = clock.monotonic() + IDLE_MS;
      for (const { dueAt } of this.#pending.values()) next = Math.min(next, dueAt);
      await clock.sleep(Math.max(next - clock.monotonic(), FIRST_RETRY_MS / 10), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  async #carryOut(tombstones: readonly Pending[], signal: AbortSignal): Promise<void> {
    const queue = tombstones.values();
    const lane = async () => {
      for (const tombstone of queue) {
        if (signal.aborted) return;
        await (tombstone.running ??= this.#attempt(tombstone, signal).finally(() => (tombstone.running = undefined)));
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, tombstones.length) }, lane));
  }

  #attempt(tombstone: Pending, signal: AbortSignal): Promise<void> {
    const requestId = this.#options.newRequestId();
    return inRequest(requestId, () => this.#detach(tombstone, requestId, signal));
  }

  async #detach(tombstone: Pending, requestId: string, signal: AbortSignal): Promise<void> {
    const { attachments, clock, folder, log, deadlineMs } = this.#options;
    const { name, request } = tombstone;
    if (!this.#pending.has(name)) return;
    const fields = { requestId, tombstone: name, containerId: request.containerId, ifname: request.ifname };
    using deadline = deadlineSignal(clock, deadlineMs, 'the DEL', signal);
    let done = false;
    try {
      await attachments.detach(request, { signal: deadline.signal, requestId }).catch(toleratingAbsence);
      done = true;
      // Until it is gone this is not over: the next agent would undo by it what was made meanwhile.
      await folder.remove(name);
    } catch (thrown) {
      const error = toHawserError(thrown);
      tombstone.dueAt = clock.monotonic() + Math.min(FIRST_RETRY_MS * 2 ** tombstone.attempts++, LAST_RETRY_MS);
      this.#lastError = error;
      log.warn(
        { ...fields, attempts: tombstone.attempts, code: error.code, err: error },
        done
          ? 'a DEL kept from before is carried out, but its tombstone cannot be removed yet'
          : 'a DEL kept from before could not be carried out yet',
      );
      return;
    }
    this.#carriedOut++;
    this.#pending.delete(name);
    log.info(fields, 'carried out a DEL kept from before');
  }

  /** Reads the folder once after this call; calls that come before it begins share it. */
  #scan(): Promise<void> {
    this.#nextScan ??= this.#scanning
      .catch(() => undefined)
      .then(() => {
        this.#nextScan = undefined;
        return (this.#scanning = this.#read());
      });
    return this.#nextScan;
  }

  async #read(): Promise<void> {
    const { folder, log, clock } = this.#options;
    const changed = folder.changed();
    // Every ADD looks here, and there is nearly never anything.
    if (changed !== undefined && changed.stamp === this.#emptyStamp) return;
    const { names, complete } = folder.list();
    const settled = changed !== undefined && Math.abs(clock.now() - changed.at) > TICK_MS;
    this.#emptyStamp = settled && names.length === 0 && complete ? changed.stamp : undefined;
    for (const [index, name] of names.entries()) {
      if (this.#pending.has(name)) continue;
      if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
      try {
        const request = folder.read(name);
        if (request !== undefined) this.#pending.set(name, { name, request, attempts: 0, dueAt: 0, running: undefined });
      } catch (error) {
        if (!(error instanceof CniError)) throw error;
        log.error({ tombstone: name, err: error }, 'a tombstone holds no DEL and is set aside');
        await folder.setAside(name);
      }
    }
    this.#complete = complete;
  }
}
