import { type Clock, deadlineSignal, type Logger } from '@hawser/core';
import type { AttachmentRequest, Attachments, CallOptions, Host, Namespace } from '@hawser/core/network';
import { hostErrors } from '@hawser/core/network';
import { CniCode, CniError } from '../protocol/cni-error.ts';
import type { CniRequest } from '../protocol/decode.ts';
import { encodeResult, encodeVersions } from '../protocol/encode-result.ts';
import { mergeResults } from '../protocol/merge-results.ts';
import type { CniVersion } from '../protocol/versions.ts';
import { toleratingAbsence } from './absence.ts';
import { assertReady } from './readiness.ts';
import { settleWithin } from './settle-within.ts';
import type { Tombstones } from './tombstones.ts';

/** How long work that was told to end may take to undo what it began. */
const UNDO_GRACE_MS = 10_000;

/** What a call is carried out with. */
export interface Executor {
  readonly attachments: Attachments;
  readonly host: Pick<Host, 'own' | 'openNamespace'>;
  readonly tombstones: Pick<Tombstones, 'settle'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told to whoever asks the endpoint itself for its version: `hawser cni install` writes them down. */
  readonly paths: { readonly socket: string; readonly tombstones: string };
  /** Milliseconds for the undoing of an ADD whose result nobody gets. */
  readonly undoDeadlineMs: number;
  /** Whether STATUS fails while no address is left. */
  readonly exhaustedIsUnavailable: boolean;
}

/** Carries out a decoded call; what it returns goes to standard output. */
export async function execute(call: CniRequest, executor: Executor, options: CallOptions): Promise<string> {
  const { attachments, clock } = executor;
  const within = <T>(work: Promise<T>): Promise<T> => settleWithin(work, options.signal, clock, UNDO_GRACE_MS);
  switch (call.verb) {
    case 'VERSION':
      return text({ ...encodeVersions(call.version), hawser: executor.paths });
    case 'STATUS':
      assertReady(attachments, call.network, executor.exhaustedIsUnavailable);
      return '';
    case 'ADD':
      return add(call.request, call.version, executor, options);
    case 'DEL':
      await within(attachments.detach(call.request, options).catch(toleratingAbsence));
      return '';
    case 'CHECK': {
      using namespace = await openForeign(executor.host, call.netns);
      await within(attachments.check({ ...call.request, netnsId: namespace.id }, options));
      return '';
    }
    case 'GC':
      await within(attachments.reap(call.request, options));
      return '';
    default:
      return call satisfies never;
  }
}

/** An ADD that fails for whatever reason, its client's death before the answer included, leaves nothing behind. */
async function add(request: AttachmentRequest, version: CniVersion, executor: Executor, options: CallOptions): Promise<string> {
  const { attachments, host, tombstones, clock } = executor;
  await tombstones.settle(request, options.signal);
  // Held until the end: whoever opens it meanwhile finds it open.
  using _namespace = await openForeign(host, request.netns);
  const repeated = attachments.get(request)?.state === 'attached';
  const undo = () => (repeated ? undefined : undoAdd(request, executor, options.requestId));
  const attaching = attachments.attach(request, options);
  let answered = false;
  // One that succeeds after its client was told otherwise is undone then.
  void attaching.then(
    () => (answered ? undo() : undefined),
    () => undefined,
  );
  const result = await settleWithin(attaching, options.signal, clock, UNDO_GRACE_MS).catch((error: unknown) => {
    answered = true;
    throw error;
  });
  try {
    const printed = text(encodeResult(mergeResults(request.previous, result), version));
    options.signal.throwIfAborted();
    return printed;
  } catch (error) {
    await undo();
    throw error;
  }
}

async function undoAdd(request: AttachmentRequest, executor: Executor, requestId: string): Promise<void> {
  const { attachments, clock, log, undoDeadlineMs } = executor;
  const { containerId, ifname } = request;
  using deadline = deadlineSignal(clock, undoDeadlineMs, `undoing the ADD of ${containerId}/${ifname}`);
  try {
    await attachments
      .detach({ containerId, ifname, network: request.network.name }, { signal: deadline.signal, requestId })
      .catch(toleratingAbsence);
  } catch (error) {
    log.error({ requestId, containerId, ifname, err: error }, 'an ADD whose result nobody got could not be undone');
  }
}

/** Code 8 for the agent's own namespace, by identity and not by path, before anything is done. */
async function openForeign(host: Executor['host'], path: string): Promise<Namespace> {
  const namespace = await host.openNamespace(path).catch((error: unknown) => {
    if (!hostErrors.namespaceGone.is(error)) throw error;
    throw new CniError(CniCode.environment, 'CNI_NETNS names no network namespace', { details: error.remedy, cause: error });
  });
  if (namespace.id.device !== host.own.id.device || namespace.id.inode !== host.own.id.inode) return namespace;
  namespace[Symbol.dispose]();
  throw new CniError(CniCode.ownNamespace, "CNI_NETNS is the agent's own network namespace", {
    details: 'Give the container a namespace of its own.',
  });
}

const text = (value: unknown): string => `${JSON.stringify(value)}\n`;
