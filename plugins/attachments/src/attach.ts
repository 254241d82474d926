import { type Context, type Providers, toHawserError, type Logger } from '@hawser/core';
import {
  attachmentErrors,
  type AttachmentRequest,
  type AttachmentResult,
  attachmentKey,
  type Host,
  type NetworkMode,
} from '@hawser/core/network';
import type { Books, Reservation } from './books.ts';
import type { Settings } from './config.ts';
import { elapsed } from './elapsed.ts';
import type { ModeCalls } from './mode-calls.ts';
import { afterAnswering } from './after-answering.ts';
import { chooseMode } from './modes.ts';
import { needPreparing, reservePrepared } from './prepared.ts';
import { type AttachmentData, isRooted, logFields, sameNamespace, toAttachment } from './record.ts';
import type { Undoing } from './undo.ts';
import { whenReleased } from './when-released.ts';

export interface AttachingDependencies {
  readonly context: Context;
  readonly host: Host;
  readonly modes: Providers<NetworkMode>;
  readonly settings: Settings;
  readonly log: Logger;
  readonly books: Books;
  readonly work: ModeCalls;
  readonly undoing: Undoing;
}

/** A lease outlives the longest attach by this much, so that it never ends under one that is still at work. */
const LEASE_MARGIN_MS = 60_000;

/** The way of one ADD, from the decoded request to the commit. Calls for one attachment come one at a time. */
export class Attaching {
  readonly #deps: AttachingDependencies;

  constructor(deps: AttachingDependencies) {
    this.#deps = deps;
  }

  async attach(request: AttachmentRequest, requestId: string, signal: AbortSignal): Promise<AttachmentResult> {
    const { context, host, modes, settings, log, undoing } = this.#deps;
    const key = attachmentKey(request);
    const began = context.clock.monotonic();
    await context.faults?.reach('attach.received');
    const modeId = chooseMode(request.network, settings.default_mode, modes);
    // Held until the end: whoever opens it meanwhile finds it open.
    using namespace = await host.openNamespace(request.netns);
    const netnsId = { device: namespace.id.device, inode: namespace.id.inode };
    const present = await this.#makeRoom(key, request, netnsId, signal);
    // A caller who has gone must not get it: an ADD whose answer nobody takes is undone, and this attachment is another caller's.
    signal.throwIfAborted();
    if (present) return present;

    const data = await this.#reserve(key, request, modeId, netnsId, signal);
    try {
      const result = await this.#make(key, data, began, signal);
      const facts = { ...logFields(data), requestId, durationMs: elapsed(context, began), ips: result.ips.map((ip) => ip.address) };
      afterAnswering(() => log.info(facts, 'attached'));
      return result;
    } catch (error) {
      const reason = toHawserError(error);
      // Whoever asked says why, in one line with all that came of it.
      const facts = { ...logFields(data), requestId, durationMs: elapsed(context, began), code: reason.code };
      log.debug(facts, 'the attach failed; it is being undone');
      await undoing.undoFailed(key, data, reason.code, settings.detach_deadline);
      throw error;
    }
  }

  /**
   * The result where the very same attachment is there already, else undefined once nothing of an earlier one with
   * this key is left.
   */
  async #makeRoom(key: string, request: AttachmentRequest, netnsId: AttachmentData['netnsId'], signal: AbortSignal) {
    const { books, undoing } = this.#deps;
    const found = books.find(key);
    if (!found) return undefined;
    const { data } = found.snapshot;
    if (isRooted(found.snapshot) && !found.condemned && sameNamespace(data.netnsId, netnsId)) {
      if (data.network === request.network.name && data.result) return data.result;
      throw attachmentErrors.conflict(
        `${request.containerId} has an interface ${request.ifname} already, on the network '${data.network}'`,
      );
    }
    await undoing.undo(key, signal);
    await books.finished(key, signal);
    return undefined;
  }

  async #reserve(
    key: string,
    request: AttachmentRequest,
    modeId: string,
    netnsId: AttachmentData['netnsId'],
    signal: AbortSignal,
  ): Promise<AttachmentData> {
    const { context, books, settings, work } = this.#deps;
    const modeSettings = await work.settings(modeId, request, signal);
    const claims = work.claims(modeId, request, modeSettings, signal);
    await context.faults?.reach('attach.before_reserve');
    const reservation: Reservation = {
      key,
      claims,
      leaseMs: settings.attach_deadline + LEASE_MARGIN_MS,
      data: {
        id: context.random.id(),
        containerId: request.containerId,
        ifname: request.ifname,
        network: request.network.name,
        mode: modeId,
        netns: request.netns,
        netnsId,
        settings: modeSettings,
        ...(request.pod ? { pod: request.pod } : {}),
        ...(request.mac === undefined ? {} : { mac: request.mac }),
      },
    };
    const reserve = () => books.reserve(reservation);
    return await whenReleased({ books, clock: context.clock }, signal, () =>
      needPreparing(claims) ? reservePrepared(claims, signal, reserve) : reserve(),
    );
  }

  /** From the reservation to the commit. */
  async #make(key: string, data: AttachmentData, began: number, signal: AbortSignal): Promise<AttachmentResult> {
    const { context, books, work } = this.#deps;
    await context.faults?.reach('attach.after_reserve');
    signal.throwIfAborted();
    const result = await work.attach(toAttachment(data), signal);
    await context.faults?.reach('attach.after_mode');
    signal.throwIfAborted();
    await books.commit(key, data, result, { since: new Date(context.clock.now()).toISOString(), durationMs: elapsed(context, began) });
    await context.faults?.reach('attach.after_commit');
    // Whoever asked may have gone while the commit went through; nobody else would ask to undo it.
    signal.throwIfAborted();
    return result;
  }
}
