import { type Clock, type Providers, toHawserError } from '@hawser/core';
import type { Metrics } from '@hawser/core/contracts';
import { type AttachmentId, type AttachmentRequest, type Attachments, type AttachmentState, type NetworkMode } from '@hawser/core/network';

type Verb = 'attach' | 'detach' | 'check' | 'reap';

const STATES: readonly AttachmentState[] = ['attaching', 'attached', 'detaching'];

export interface Measuring {
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly modes: Providers<NetworkMode>;
  readonly defaultMode: string | undefined;
}

/** The engine with its calls counted and timed. Callers get the engine's own promises: nobody waits for the counting. */
export function measured(engine: Attachments, measuring: Measuring): Attachments {
  const { modes, defaultMode } = measuring;
  const record = recorder(measuring);
  const modeOf = (id: AttachmentId): string => {
    try {
      return engine.get(id)?.mode ?? '';
    } catch {
      // What is wrong with the store the call itself will tell.
      return '';
    }
  };
  const chosen = ({ network }: AttachmentRequest): string => {
    const asked = network.mode ?? defaultMode;
    if (asked === undefined) return modes.ids()[0] ?? '';
    // What isn't a mode is the caller's text.
    return modes.get(asked) === undefined ? 'none' : asked;
  };
  return {
    attach: (request, options) => record('attach', chosen(request), engine.attach(request, options)),
    detach: (request, options) => record('detach', modeOf(request), engine.detach(request, options)),
    check: (request, options) => record('check', modeOf(request), engine.check(request, options)),
    reap: (view, options) => record('reap', '', engine.reap(view, options)),
    ready: (network) => engine.ready(network),
    list: (onDamaged) => engine.list(onDamaged),
    get: (id) => engine.get(id),
  };
}

function recorder({ metrics, clock }: Measuring): <T>(verb: Verb, mode: string, call: Promise<T>) => Promise<T> {
  const calls = metrics.counter({
    name: 'hawser_attachments_calls_total',
    help: 'Calls of the attachment engine; `code` is that of the error which one ended with, or `ok`.',
    labels: ['verb', 'mode', 'code'],
  });
  const duration = metrics.histogram({
    name: 'hawser_attachments_call_duration_seconds',
    help: 'How long a call of the attachment engine took, with its time in queues.',
    labels: ['verb', 'mode', 'outcome'],
  });
  return (verb, mode, call) => {
    const began = clock.monotonic();
    const ended = (code: string, outcome: string): void => {
      calls.add(1, { verb, mode, code });
      duration.observe((clock.monotonic() - began) / 1000, { verb, mode, outcome });
    };
    call.then(
      () => ended('ok', 'ok'),
      (error: unknown) => ended(toHawserError(error).code, 'failed'),
    );
    return call;
  };
}

/** Attachments by mode and state, asked for at each scrape. */
export function observeAttachments(
  metrics: Metrics,
  engine: Pick<Attachments, 'list'>,
  modes: Pick<Providers<NetworkMode>, 'ids'>,
): Disposable {
  const known = metrics.gauge({
    name: 'hawser_attachments_known_attachments',
    help: 'Attachments by mode and state.',
    labels: ['mode', 'state'],
  });
  const seen = new Set<string>();
  return metrics.onCollect(() => {
    const byMode = Map.groupBy(
      engine.list(() => undefined),
      ({ mode }) => mode,
    );
    for (const mode of [...modes.ids(), ...byMode.keys()]) seen.add(mode);
    for (const mode of seen) {
      const there = byMode.get(mode) ?? [];
      for (const state of STATES) known.set(there.filter((one) => one.state === state).length, { mode, state });
    }
  });
}
