import { deadlineSignal, type HawserError, toHawserError } from '@hawser/core';
import {
  attachmentErrors,
  type AttachmentId,
  attachmentKey,
  type AttachmentRecord,
  type AttachmentRequest,
  type AttachmentResult,
  type Attachments,
  type CallOptions,
  type DetachRequest,
  type NetworkChoice,
  type RuntimeView,
} from '@hawser/core/network';
import PQueue from 'p-queue';
import { afterAnswering } from './after-answering.ts';
import { Attaching, type AttachingDependencies } from './attach.ts';
import { Books, type BooksDependencies } from './books.ts';
import { asSeenBy, assertInside, assertSeenBy } from './check.ts';
import { elapsed } from './elapsed.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { ModeCalls } from './mode-calls.ts';
import { chooseMode, noModes, requireMode } from './modes.ts';
import { lostAttachments } from './reap.ts';
import { type AttachmentData, isRooted, logFields, toAttachment, toRecord } from './record.ts';
import { acquireSlot } from './slot.ts';
import { Undoing } from './undo.ts';

export type EngineDependencies = BooksDependencies & Pick<AttachingDependencies, 'context' | 'host' | 'modes' | 'settings' | 'log'>;

/** Calls about one attachment that may wait; a runtime has two or three under way at most. */
const CALLS_PER_ATTACHMENT = 32;
/** Failures that the error of a reap brings along: thousands may have the same reason. */
const TOLD_FAILURES = 5;

/**
 * The attachment engine. Two queues per attachment: `calls` orders what callers ask, `work` keeps the mode's
 * methods apart, so that garbage collection can undo an attachment without taking a place in the callers' queue.
 */
export class AttachmentEngine implements Attachments, AsyncDisposable {
  readonly #deps: EngineDependencies;
  readonly #books: Books;
  readonly #undoing: Undoing;
  readonly #attaching: Attaching;
  readonly #calls = new KeyedQueue(CALLS_PER_ATTACHMENT, (key) => attachmentErrors.busy(`too many calls are waiting for ${key}`));
  readonly #work: ModeCalls;
  /** Attaches under way or waiting, so that a detach can cancel them; each with the name of its network. */
  readonly #attempts = new Map<string, Map<AbortController, string>>();
  /** Detaches have slots of their own: they must go on however many attaches hang. */
  readonly #slots: Readonly<Record<'attach' | 'detach', PQueue>>;
  #drainReason: string | undefined;

  constructor(deps: EngineDependencies) {
    const { context, modes, settings, log } = deps;
    this.#deps = deps;
    const concurrency = settings.max_concurrent;
    this.#slots = { attach: new PQueue({ concurrency }), detach: new PQueue({ concurrency }) };
    this.#work = new ModeCalls(context, modes);
    this.#books = new Books(deps, (data, signal) => this.#work.detach(toAttachment(data), signal));
    this.#undoing = new Undoing(context, this.#books, log, this.#work);
    this.#attaching = new Attaching({ ...deps, books: this.#books, work: this.#work, undoing: this.#undoing });
  }

  /** Takes over what an earlier process left behind; call once, before the first attach. */
  async recover(): Promise<void> {
    const { log } = this.#deps;
    try {
      const abandoned = await this.#books.dropAbandonedLeases();
      if (abandoned > 0) log.warn({ abandoned }, 'attachments were in the making when the agent ended; they are being undone');
    } catch (error) {
      if (toHawserError(error).code !== 'metadata.damaged') throw error;
      log.error({ err: error }, 'a lease can’t be read: what was in the making when the agent ended stays until it can');
    }
  }

  /** Refuses new attachments from now on; detaching stays possible. */
  drain(reason: string): void {
    this.#drainReason ??= reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drain('the agent is stopping');
    const reason = attachmentErrors.draining('the agent is stopping');
    for (const attempts of this.#attempts.values()) for (const attempt of attempts.keys()) attempt.abort(reason);
    await this.#calls.idle();
    await this.#work.idle();
    this.#books[Symbol.dispose]();
  }

  ready(network?: NetworkChoice): void {
    if (this.#drainReason !== undefined) throw attachmentErrors.draining(`no new attachment: ${this.#drainReason}`);
    if (this.#deps.modes.ids().length === 0) throw noModes();
    if (network === undefined) return;
    const { modes, settings } = this.#deps;
    requireMode(chooseMode(network, settings.default_mode, modes), modes).ready?.(network);
  }

  list(onDamaged?: (refusal: HawserError) => void): readonly AttachmentRecord[] {
    return this.#books.list(onDamaged);
  }

  get(id: AttachmentId): AttachmentRecord | undefined {
    const found = this.#books.find(attachmentKey(id));
    return found && toRecord(found.snapshot, found.condemned);
  }

  async attach(request: AttachmentRequest, { signal, requestId }: CallOptions): Promise<AttachmentResult> {
    this.ready();
    const key = attachmentKey(request);
    const attempt = new AbortController();
    const attempts = this.#attempts.get(key) ?? new Map<AbortController, string>();
    this.#attempts.set(key, attempts.set(attempt, request.network.name));
    using deadline = deadlineSignal(
      this.#deps.context.clock,
      this.#deps.settings.attach_deadline,
      `attaching ${key}`,
      signal,
      attempt.signal,
    );
    try {
      return await this.#call('attach', key, deadline.signal, () => this.#attaching.attach(request, requestId, deadline.signal));
    } finally {
      attempts.delete(attempt);
      if (attempts.size === 0) this.#attempts.delete(key);
    }
  }

  async detach(request: DetachRequest, { signal, requestId }: CallOptions): Promise<void> {
    const key = attachmentKey(request);
    for (const [attempt, network] of this.#attempts.get(key) ?? [])
      if (network === request.network) attempt.abort(attachmentErrors.conflict(`${key} is being detached`));
    await this.#detach(key, { signal, requestId }, (data) => data.network === request.network);
  }

  /** Undoes what has this key by the time of its turn, if it is what is meant; says whether it was. */
  async #detach(key: string, { signal, requestId }: CallOptions, isMeant: (data: AttachmentData) => boolean): Promise<boolean> {
    const { context, settings, log } = this.#deps;
    using deadline = deadlineSignal(context.clock, settings.detach_deadline, `detaching ${key}`, signal);
    return await this.#call('detach', key, deadline.signal, async () => {
      await context.faults?.reach('detach.received');
      const found = this.#books.find(key);
      if (!found || !isMeant(found.snapshot.data)) return false;
      const began = context.clock.monotonic();
      await this.#undoing.undo(key, deadline.signal);
      const facts = { ...logFields(found.snapshot.data), requestId, durationMs: elapsed(context, began) };
      afterAnswering(() => log.info(facts, 'detached'));
      return true;
    });
  }

  async check(request: Parameters<Attachments['check']>[0], { signal }: CallOptions): Promise<void> {
    const key = attachmentKey(request);
    using deadline = deadlineSignal(this.#deps.context.clock, this.#deps.settings.check_deadline, `checking ${key}`, signal);
    await this.#call('attach', key, deadline.signal, async () => {
      const found = this.#books.find(key);
      if (!found || !isRooted(found.snapshot) || found.snapshot.data.network !== request.network) {
        throw attachmentErrors.notFound(`${request.containerId} has no interface ${request.ifname} on the network '${request.network}'`);
      }
      const attachment = toAttachment(found.snapshot.data);
      assertSeenBy(attachment, request.expected);
      assertInside(found.snapshot.data, request.netnsId);
      await this.#work.check(asSeenBy(attachment, request.expected), deadline.signal);
    });
  }

  async reap(view: RuntimeView, options: CallOptions): Promise<readonly AttachmentId[]> {
    const netnsIdOf = (key: string) => this.#books.find(key)?.snapshot.data.netnsId;
    const log = (err: HawserError): void => this.#deps.log.error({ err }, 'an attachment can’t be read: it is left as it is');
    const lost = await lostAttachments(this.#books.list(log), view, this.#deps.host, netnsIdOf, options.signal);
    // Callers have the other half. Fewer would take minutes for thousands: the kernel deletes together what is there at once.
    const slots = new PQueue({ concurrency: Math.ceil(this.#deps.settings.max_concurrent / 2) });
    const outcomes = await Promise.allSettled(lost.map((attachment) => slots.add(() => this.#detachLost(attachment, options))));
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [toHawserError(outcome.reason)] : []));
    const [first] = failures;
    if (first) {
      throw attachmentErrors.busy(
        `${failures.length} of ${lost.length} lost attachments could not be detached yet, the first because ${first.message}`,
        {
          cause: new AggregateError(failures.slice(0, TOLD_FAILURES)),
          remedy: 'Ask again: what was begun goes on in the background, and what was not is still there.',
        },
      );
    }
    const detached = lost.filter((_, index) => outcomes[index]?.status === 'fulfilled' && outcomes[index].value);
    return detached.map(({ containerId, ifname }) => ({ containerId, ifname }));
  }

  /** What is being attached, or was attached anew meanwhile, is younger than what the runtime has told: it stays. */
  async #detachLost(attachment: AttachmentRecord, options: CallOptions): Promise<boolean> {
    const key = attachmentKey(attachment);
    if (this.#attempts.has(key)) return false;
    return await this.#detach(key, options, ({ id }) => id === attachment.id);
  }

  /** One call about one attachment: its turn first, then a slot of the engine. */
  async #call<T>(kind: 'attach' | 'detach', key: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const slots = this.#slots[kind];
    if (slots.size >= this.#deps.settings.max_waiting)
      throw attachmentErrors.busy(`${slots.size} calls are waiting for the attachment engine`);
    return this.#calls.run(key, signal, async () => {
      using _slot = await acquireSlot(slots, signal);
      return await call();
    });
  }
}
