import { Client, connectivityState, credentials, type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Clock, currentRequest, type Tracing, withDeadline } from '@hawser/core';
import type * as z from 'zod';
import { proxyErrors } from '../errors.ts';
import type { Method } from '../wire/proto.ts';
import { REQUEST_ID } from '../wire/request-id.ts';
import { readAnswer } from './answer.ts';
import { callError } from './call-error.ts';

export interface ConnectionOptions {
  /** `unix:///run/acme.sock` */
  readonly address: string;
  readonly maxMessageBytes: number;
  readonly clock: Clock;
  readonly tracing?: Tracing | undefined;
}

/** One call: whom, with what, how its answer looks, and for how long. */
export interface Call<T> {
  readonly method: Method;
  /** The message, as its .proto has it. */
  readonly message: object;
  readonly answer: z.ZodType<T>;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * One connection to one process. It is not made anew: what has been agreed on it holds for whoever answers on it, and once
 * it is lost all calls fail with `proxy.unreachable`.
 */
export class Connection implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  readonly #lost = new AbortController();
  #watched = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#client = new Client(options.address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_send_message_length': options.maxMessageBytes,
      // Whoever connects anew wants a socket of its own, and to fail at once rather than to be told of an older failure.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.default_authority': 'localhost',
    });
  }

  /** Aborts when it is lost, with the error. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** From now on a connection that breaks is lost. Call it once one call has come through. */
  watch(): void {
    this.#watched = true;
    if (!this.isThere()) return;
    const { READY } = connectivityState;
    this.#client.getChannel().watchConnectivityState(READY, Number.POSITIVE_INFINITY, () => !this.lost.aborted && this.watch());
  }

  /** Whether it holds; where it does not any more, it is lost from now on. */
  isThere(): boolean {
    if (this.lost.aborted) return false;
    if (!this.#watched || this.#client.getChannel().getConnectivityState(false) === connectivityState.READY) return true;
    this.lose(proxyErrors.unreachable(`the process at ${this.#options.address} has gone`));
    return false;
  }

  /** Ends it; calls under way fail with this error. */
  lose(error: Error): void {
    if (this.lost.aborted) return;
    this.#lost.abort(error);
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.lose(proxyErrors.unreachable(`the connection to ${this.#options.address} was closed`));
  }

  /** A call with one answer. Rejects with the signal's reason as soon as that aborts, and tells the other side. */
  async unary<T>(call: Call<T>): Promise<T> {
    const bytes = await this.#within(call, (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      const running = this.#client.makeUnaryRequest(
        call.method.path,
        (message: Buffer) => message,
        (answer: Buffer) => answer,
        call.method.request.encode(call.message),
        this.#metadata(call),
        (error: ServiceError | null, answer?: Buffer) => (answer === undefined ? reject(error ?? new Error('no answer')) : resolve(answer)),
      );
      signal.addEventListener('abort', () => running.cancel(), { once: true });
      return promise;
    });
    return readAnswer(call.method, call.answer, bytes);
  }

  /**
   * A call with several answers: `next` yields them one by one and undefined after the last. Every answer has a deadline
   * of its own.
   */
  stream<T>(call: Call<T>): Answers<T> {
    const stream = this.#client.makeServerStreamRequest(
      call.method.path,
      (message: Buffer) => message,
      (answer: Buffer) => answer,
      call.method.request.encode(call.message),
      this.#metadata(call),
    );
    const answers = queueOf(stream);
    return {
      next: async (signal) => {
        const bytes = await this.#within({ ...call, signal }, () => answers.next());
        return bytes && readAnswer(call.method, call.answer, bytes);
      },
      [Symbol.dispose]: () => stream.cancel(),
    };
  }

  async #within<R, T>(call: Call<T>, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const { address, clock } = this.#options;
    const late = (): Error => proxyErrors.deadline(`${call.method.path} at ${address} took longer than ${call.deadlineMs / 1000} s`);
    try {
      return await withDeadline(clock, call.deadlineMs, late, work, call.signal, this.lost);
    } catch (thrown) {
      // gRPC would connect anew by itself at the next call, to whoever is there.
      this.isThere();
      throw isStatus(thrown) ? callError(call.method, address, thrown) : thrown;
    }
  }

  /** gRPC's own deadline goes by the wall clock of this process; the other side gets what is left as a duration. */
  #metadata({ deadlineMs }: Pick<Call<unknown>, 'deadlineMs'>): Metadata {
    const metadata = new Metadata();
    if (Number.isFinite(deadlineMs)) metadata.set('grpc-timeout', `${Math.min(99_999_999, Math.ceil(deadlineMs))}m`);
    const parent = this.#options.tracing?.traceparent?.();
    if (parent !== undefined) metadata.set('traceparent', parent);
    const requestId = currentRequest();
    if (requestId !== undefined) metadata.set(REQUEST_ID, requestId);
    return metadata;
  }
}

/** What a streaming call answers. */
export interface Answers<T> extends Disposable {
  next(signal: AbortSignal): Promise<T | undefined>;
}

/** Answers that nobody has read yet; a process that sends more at once is not listened to any more. */
const MAX_QUEUED = 64;

function queueOf(stream: ClientReadableStream<Buffer>): { next(): Promise<Buffer | undefined> } {
  const queued: Buffer[] = [];
  let end: { readonly error?: Error } | undefined;
  let waiting: (() => void) | undefined;
  const wake = (): void => waiting?.();
  stream.on('data', (answer: Buffer) => {
    if (queued.push(answer) > MAX_QUEUED) stream.cancel();
    wake();
  });
  stream.on('error', (error: Error) => {
    end ??= { error };
    wake();
  });
  stream.on('end', () => {
    end ??= {};
    wake();
  });
  return {
    async next() {
      for (;;) {
        const answer = queued.shift();
        if (answer !== undefined) return answer;
        if (end?.error) throw end.error;
        if (end) return undefined;
        await new Promise<void>((resolve) => (waiting = resolve));
      }
    },
  };
}

function isStatus(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && thrown.code in status;
}
