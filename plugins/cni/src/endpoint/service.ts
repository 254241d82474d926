import type { Socket } from 'node:net';
import { type Context, deadlineSignal, inRequest, type Tracing, type Logger } from '@hawser/core';
import { CniCode, CniError } from '../protocol/cni-error.ts';
import { type CniRequest, decodeRequest } from '../protocol/decode.ts';
import { naming, toCniError } from '../protocol/encode-error.ts';
import type { Environment, Verb } from '../protocol/environment.ts';
import { checkIdentity, decodeEnvironment, VERBS } from '../protocol/environment.ts';
import type { RequestFrame } from '../protocol/frame.ts';
import { peekVersion } from '../protocol/network-config.ts';
import { Arrivals } from './arrivals.ts';
import type { EndpointSettings } from './config.ts';
import { type Answer, failure, refuseConnection, serveConnection } from './connection.ts';
import { execute, type Executor } from './execute.ts';

/** Connections beyond the limit of calls that may still send their request, so that STATUS is always answered. */
const SPARE_CONNECTIONS = 256;

export interface ServiceOptions extends Context {
  readonly settings: EndpointSettings;
  readonly executor: Executor;
  readonly log: Logger;
  /** Aborts when the agent stops: everything but DEL is then cancelled. */
  readonly stopping: AbortSignal;
  /** Where calls are traced, as parts of the trace that their caller tells. */
  readonly tracing?: Tracing | undefined;
}

/** Serves the calls of all clients, within limits, and knows when none is left. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #arrivals = new Arrivals();
  #connections = 0;
  #calls = 0;
  /** Connections and calls: a call may outlive its connection. */
  #active = 0;
  #idle = Promise.withResolvers<void>();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  readonly accept = (socket: Socket): void => {
    const { clock, settings } = this.#options;
    this.#connections++;
    this.#active++;
    socket.once('close', () => {
      this.#connections--;
      this.#release();
    });
    if (this.#connections > settings.max_calls + SPARE_CONNECTIONS) return refuseConnection(socket, tooManyCalls(), clock);
    const arrived = this.#arrivals.expect();
    socket.once('close', arrived);
    const handle = (frame: RequestFrame, signal: AbortSignal): Promise<Answer> => {
      arrived();
      return this.#handle(frame, signal);
    };
    serveConnection(socket, { clock, readDeadlineMs: settings.read_deadline, handle });
  };

  /** Resolves when no client is connected and no call is being carried out or undone. */
  async drained(): Promise<void> {
    if (this.#active > 0) await this.#idle.promise;
  }

  #release(): void {
    if (--this.#active > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }

  async #handle(frame: RequestFrame, gone: AbortSignal): Promise<Answer> {
    this.#active++;
    try {
      await this.#arrivals.together();
      const requestId = this.#options.random.id();
      return await inRequest(requestId, () => this.#answer(frame, requestId, gone));
    } finally {
      this.#release();
    }
  }

  /** One call from its frame to its answer. Never rejects. */
  async #answer(frame: RequestFrame, requestId: string, gone: AbortSignal): Promise<Answer> {
    const { clock, log, tracing } = this.#options;
    const began = clock.monotonic();
    let call: CniRequest | undefined;
    try {
      call = decodeRequest(frame);
      const body = await (tracing === undefined
        ? this.#carryOut(call, requestId, gone)
        : this.#traced(tracing, frame, call, requestId, gone));
      log[toldElsewhere(call.verb) ? 'debug' : 'info'](
        { ...fields(call), requestId, durationMs: since(clock.monotonic(), began) },
        `${call.verb} done`,
      );
      return { exitCode: 0, body };
    } catch (thrown) {
      const { verb, ...names } = call === undefined ? outlineOf(frame) : fields(call);
      const error = toCniError(thrown, verb);
      const facts = {
        ...(verb === undefined ? {} : { verb }),
        ...names,
        requestId,
        durationMs: since(clock.monotonic(), began),
        code: error.code,
      };
      const polled = verb !== undefined && quiet(verb);
      // What the protocol itself refuses is said by its words alone.
      const err = thrown instanceof CniError ? thrown.cause : thrown;
      log[polled ? 'debug' : 'warn'](
        { ...facts, ...(err === undefined ? { details: error.details } : { err }) },
        `${verb ?? 'call'} failed: ${error.message}`,
      );
      // Whoever polls compares what it is told with what it was told before.
      return failure(polled ? error : naming(error, requestId), call?.version ?? peekVersion(frame.input));
    }
  }

  /** `hawser.cni.add`, below the span that the executable's environment names. */
  #traced(tracing: Tracing, frame: RequestFrame, call: CniRequest, requestId: string, gone: AbortSignal): Promise<string> {
    const environment = decodeEnvironment(frame.environment);
    const parent = { traceparent: environment.get('TRACEPARENT'), tracestate: environment.get('TRACESTATE') };
    const name = `hawser.cni.${call.verb.toLowerCase()}`;
    return tracing.span(name, { ...fields(call), requestId }, () => this.#carryOut(call, requestId, gone), parent);
  }

  async #carryOut(call: CniRequest, requestId: string, gone: AbortSignal): Promise<string> {
    const { clock, settings, executor, stopping } = this.#options;
    if (quiet(call.verb)) return execute(call, executor, { signal: gone, requestId });
    if (this.#calls >= settings.max_calls) throw tooManyCalls();
    const ms = deadlineOf(call.verb, settings);
    const others = call.verb === 'DEL' ? [gone] : [gone, stopping];
    using deadline = deadlineSignal(clock, ms, call.verb, ...others);
    this.#calls++;
    try {
      deadline.signal.throwIfAborted();
      return await execute(call, executor, { signal: deadline.signal, requestId });
    } finally {
      this.#calls--;
    }
  }
}

/** Answered at once, whatever else goes on; polled, so not worth a line each. */
const quiet = (verb: Verb): boolean => verb === 'STATUS' || verb === 'VERSION';

/** The attachment engine has a line of its own, with the same request id, for what these have done. */
const toldElsewhere = (verb: Verb): boolean => quiet(verb) || verb === 'ADD' || verb === 'DEL';

function deadlineOf(verb: Verb, settings: EndpointSettings): number {
  if (verb === 'DEL') return settings.del_deadline;
  if (verb === 'CHECK') return settings.check_deadline;
  return verb === 'GC' ? settings.gc_deadline : settings.add_deadline;
}

interface Outline {
  readonly verb: Verb;
  readonly network?: string;
  readonly containerId?: string;
  readonly ifname?: string;
  readonly podNamespace?: string;
  readonly podName?: string;
}

/** What a log line tells of a call: names, never config. */
function fields(call: CniRequest): Outline {
  if (call.verb === 'STATUS' || call.verb === 'VERSION') return { verb: call.verb };
  if (call.verb === 'GC') return { verb: call.verb, network: call.request.network };
  const { containerId, ifname } = call.request;
  const pod =
    call.verb === 'ADD' && call.request.pod !== undefined
      ? { podNamespace: call.request.pod.namespace, podName: call.request.pod.name }
      : {};
  return { verb: call.verb, network: call.verb === 'ADD' ? call.request.network.name : call.request.network, containerId, ifname, ...pod };
}

/** The same of a call that could not be decoded, as far as it can be told: the verb decides on the words of its error, too. */
function outlineOf(frame: RequestFrame): Partial<Outline> {
  try {
    const environment = decodeEnvironment(frame.environment);
    const command = environment.get('CNI_COMMAND');
    const verb = VERBS.find((one) => one === command);
    return { ...(verb === undefined ? {} : { verb }), ...identityIn(environment) };
  } catch {
    return {};
  }
}

function identityIn(environment: Environment): Partial<Outline> {
  try {
    return checkIdentity(environment);
  } catch {
    return {}; // not to be had, or nothing that a log should hold
  }
}

const since = (now: number, began: number): number => Math.round((now - began) * 10) / 10;

const tooManyCalls = (): CniError =>
  new CniError(CniCode.tryAgain, 'the agent carries out as many calls as it may; try again', {
    details: 'Raise max_calls if this machine can bear more.',
  });
