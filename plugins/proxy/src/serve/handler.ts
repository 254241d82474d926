import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import { inRequest } from '@hawser/core';
import type * as z from 'zod';
import { proxyErrors } from '../errors.ts';
import type { Method } from '../wire/proto.ts';
import { REQUEST_ID } from '../wire/request-id.ts';
import { tidy, toStatus } from '../wire/status.ts';

/** Who has been given up: aborts when the caller cancels, or has gone. */
type Cancellable = Pick<ServerUnaryCall<Buffer, Buffer>, 'on' | 'cancelled'>;

/** The agent's request that it is called for. */
const requestOf = ({ metadata }: Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata'>): string | undefined =>
  metadata.get(REQUEST_ID)[0]?.toString();

/** Answers a method with one message; what `answer` throws arrives as it was thrown. */
export function unaryHandler<T>(
  method: Method,
  schema: z.ZodType<T>,
  answer: (request: T, signal: AbortSignal) => Promise<object>,
): UntypedHandleCall {
  return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    const run = async (): Promise<void> => {
      try {
        done(null, method.response.encode(await answer(readRequest(method, schema, call.request), signalOf(call))));
      } catch (error) {
        done(toStatus(error));
      }
    };
    void inRequest(requestOf(call), run);
  };
}

/** Answers a method with the messages that `answer` yields. */
export function streamHandler<T>(
  method: Method,
  schema: z.ZodType<T>,
  answer: (request: T, signal: AbortSignal) => AsyncIterable<object>,
): UntypedHandleCall {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    const run = async (): Promise<void> => {
      try {
        for await (const message of answer(readRequest(method, schema, call.request), signalOf(call)))
          call.write(method.response.encode(message));
        call.end();
      } catch (error) {
        call.emit('error', toStatus(error));
      }
    };
    void inRequest(requestOf(call), run);
  };
}

function readRequest<T>(method: Method, schema: z.ZodType<T>, bytes: Uint8Array): T {
  let message: unknown;
  try {
    message = method.request.decode(bytes);
  } catch (thrown) {
    throw proxyErrors.badRequest(`the request to ${method.path} can't be read: ${tidy(String(thrown))}`, { cause: thrown });
  }
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw proxyErrors.badRequest(`the request to ${method.path} is wrong: ${issue?.path.join('.') ?? ''} ${tidy(issue?.message ?? '')}`);
}

function signalOf(call: Cancellable): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new DOMException('the caller has given up', 'AbortError'));
  if (call.cancelled) abort();
  else call.on('cancelled', abort);
  return controller.signal;
}
