import { type Clock, type HawserError, type JsonObject, toHawserError, type Tracing, untilAborted, type Logger } from '@hawser/core';
import { API_VERSION } from '../api-version.ts';
import { proxyErrors } from '../errors.ts';
import { type Method, methodOf } from '../wire/proto.ts';
import { handshakeResponse, healthResponse } from '../wire/shapes.ts';
import { toStruct } from '../wire/struct.ts';
import type { CallMetrics } from './call-metrics.ts';
import { type Answers, type Call, Connection } from './connection.ts';

/** How long a process may take to say who it is. */
const HANDSHAKE_MS = 5_000;
/** Looks in a row that may go unanswered before a new connection is tried: the socket may be somebody else's by now. */
const SILENT_LOOKS = 3;
const FIRST_BACK_OFF_MS = 100;
const LAST_BACK_OFF_MS = 5_000;

export interface PeerOptions {
  readonly address: string;
  /** Under which the agent lists it. */
  readonly uri: string;
  /** The contract that it is to serve. */
  readonly contract: string;
  /** Passed on to it. */
  readonly config: JsonObject;
  readonly maxMessageBytes: number;
  readonly healthIntervalMs: number;
  readonly healthDeadlineMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: CallMetrics;
  readonly tracing?: Tracing | undefined;
  /** Asked on each new connection after the handshake; one that throws is a connection that failed. */
  readonly welcome?: (call: <T>(call: Call<T>) => Promise<T>, signal: AbortSignal) => Promise<void>;
  /** Hears how it does, each time that this was found out: the error, or undefined for well. */
  readonly onHealth: (error: HawserError | undefined) => void;
}

/**
 * A process that serves a contract at an address: connected to while the agent runs, asked who it is on each connection,
 * and asked how it does again and again. A call fails at once where there is no connection and none can be made.
 */
export class Peer implements Disposable {
  readonly #options: PeerOptions;
  #connection: Connection | undefined;
  #ailment: HawserError | undefined;
  #connecting: Promise<Connection> | undefined;
  readonly #closed = new AbortController();

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#options.address;
  }

  /** Throws what was the matter with it when it was looked at last. */
  assertWell(): void {
    if (this.#ailment !== undefined) throw this.#ailment;
  }

  [Symbol.dispose](): void {
    this.#closed.abort(proxyErrors.unreachable(`the connection to ${this.address} was closed`));
    this.#connection?.[Symbol.dispose]();
  }

  /** Connects unless it is connected. Rejects with why that can't be, or with the signal's reason. */
  async connect(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#connection?.isThere() === true) return this.#connection;
    this.#closed.signal.throwIfAborted();
    // All who want it wait for one attempt, which goes on when one of them leaves.
    this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined));
    return await untilAborted(this.#connecting, signal);
  }

  /** A call with one answer, on a connection that is made if need be. */
  async unary<T>(call: Call<T>): Promise<T> {
    return await this.around(call.method, async () => (await this.connect(call.signal)).unary(call));
  }

  /** Measures a call, and makes it a span of the trace that it belongs to. */
  async around<T>(method: Method, call: () => Promise<T>): Promise<T> {
    const { metrics, tracing, uri } = this.#options;
    const measured = (): Promise<T> => metrics.around(method.path, call);
    return await (tracing === undefined
      ? measured()
      : tracing.span(`hawser.proxy.${method.name}`, { plugin: uri, method: method.path }, measured));
  }

  /** A call with several. */
  async stream<T>(call: Call<T>): Promise<Answers<T>> {
    const connection = await this.connect(call.signal);
    return connection.stream(call);
  }

  /** Keeps it connected and finds out how it does, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let backOffMs = FIRST_BACK_OFF_MS;
    while (!signal.aborted) {
      try {
        const connection = await this.connect(signal);
        backOffMs = FIRST_BACK_OFF_MS;
        await this.#watchOver(connection, signal);
      } catch (thrown) {
        if (signal.aborted) break;
        this.#tell(toHawserError(thrown));
        await clock.sleep(backOffMs, signal).catch(() => undefined);
        backOffMs = Math.min(backOffMs * 2, LAST_BACK_OFF_MS);
      }
    }
  }

  async #open(): Promise<Connection> {
    const { address, maxMessageBytes, clock, tracing, welcome } = this.#options;
    const connection = new Connection({ address, maxMessageBytes, clock, tracing });
    try {
      const signal = this.#closed.signal;
      await this.#handshake(connection, signal);
      await welcome?.((call) => connection.unary(call), signal);
      const ailment = await this.#look(connection, signal);
      if (proxyErrors.incompatible.is(ailment)) throw ailment;
      connection.watch();
      signal.throwIfAborted();
      this.#tell(ailment);
      this.#connection = connection;
      return connection;
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  async #handshake(connection: Connection, signal: AbortSignal): Promise<void> {
    const { address, uri, contract, config, log } = this.#options;
    const message = { apiVersions: [API_VERSION], uri, contract, config: toStruct(config) };
    const method = methodOf('hawser.plugin.v1.Plugin', 'Handshake');
    const told = await connection.unary({ method, message, answer: handshakeResponse, deadlineMs: HANDSHAKE_MS, signal });
    const { name, version, apiVersion, contracts } = told;
    if (apiVersion !== API_VERSION) {
      throw proxyErrors.incompatible(`${name} ${version} at ${address} speaks version ${apiVersion} of the API, this agent ${API_VERSION}`);
    }
    if (!contracts.includes(contract)) {
      const served = contracts.length === 0 ? 'nothing' : contracts.join(', ');
      throw proxyErrors.incompatible(`${name} ${version} at ${address} serves ${served}, not ${contract}`);
    }
    log.info({ address, name, version }, 'connected');
  }

  /** Returns when the connection is lost. */
  async #watchOver(connection: Connection, signal: AbortSignal): Promise<void> {
    const { clock, healthIntervalMs } = this.#options;
    const either = AbortSignal.any([signal, connection.lost]);
    for (let silent = 0; ;) {
      await clock.sleep(healthIntervalMs, either);
      const error = await this.#look(connection, either);
      either.throwIfAborted();
      this.#tell(error);
      silent = proxyErrors.deadline.is(error) ? silent + 1 : 0;
      if (error !== undefined && silent === SILENT_LOOKS) {
        connection.lose(error);
        throw error;
      }
    }
  }

  #tell(error: HawserError | undefined): void {
    this.#ailment = error;
    this.#options.metrics.up(error === undefined);
    this.#options.onHealth(error);
  }

  /** How it does by its own word; the error where it gives none, or none that is good. */
  async #look(connection: Connection, signal: AbortSignal): Promise<HawserError | undefined> {
    const { address, healthDeadlineMs: deadlineMs } = this.#options;
    try {
      const method = methodOf('grpc.health.v1.Health', 'Check');
      const { status } = await connection.unary({ method, message: {}, answer: healthResponse, deadlineMs, signal });
      return status === 'SERVING'
        ? undefined
        : proxyErrors.notServing(`the process at ${address} says ${status} when asked for its health`);
    } catch (thrown) {
      return toHawserError(thrown);
    }
  }
}
