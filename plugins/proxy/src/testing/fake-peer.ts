import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { type Method, methodOf } from '../wire/proto.ts';

/** What a fake does when it is called: bytes of an answer, a message, or whatever else it likes to do with the call. */
export type Behaviour = (call: FakeCall) => void | Promise<void>;

/** One call as a fake has it. */
export interface FakeCall {
  readonly method: string;
  /** What was asked, as it is read. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Aborts when the caller has given up. */
  readonly cancelled: AbortSignal;
  /** Milliseconds that the caller has left, by its own word. */
  readonly timeoutMs: number;
  readonly traceparent: string | undefined;
  answer(message: object): void;
  answerBytes(bytes: Uint8Array): void;
  /** Ends a stream of answers. */
  end(): void;
  fail(status: object): void;
}

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  'hawser.plugin.v1.Plugin': ['Handshake'],
  'grpc.health.v1.Health': ['Check'],
  'hawser.mode.v1.Mode': ['Settings', 'Claims', 'Attach', 'Check', 'Detach'],
  'hawser.ipam.v1.Ipam': ['Subnets', 'Propose'],
};

/** A process that serves everything, badly: each method does as a test says. */
export class FakePeer implements AsyncDisposable {
  readonly socket: string;
  readonly calls: FakeCall[] = [];
  /** By `<service's last word>.<method>`: `Mode.Attach`. */
  readonly does: Record<string, Behaviour>;
  #server: Server | undefined;

  constructor(socket: string) {
    this.socket = socket;
    this.does = {
      'Plugin.Handshake': (call) =>
        call.answer({ apiVersion: 1, name: 'fake', version: '1.0.0', contracts: ['hawser.mode.v1', 'hawser.ipam.v1'] }),
      'Health.Check': (call) => call.answer({ status: 'SERVING' }),
      'Ipam.Subnets': (call) => call.answer({}),
    };
  }

  get address(): string {
    return `unix://${this.socket}`;
  }

  /** Listens; without the services named in `lacking`. */
  async start(lacking: readonly string[] = []): Promise<this> {
    const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
    this.#server = server;
    for (const [service, names] of Object.entries(SERVICES)) {
      if (lacking.includes(service)) continue;
      for (const name of names) this.#serve(server, service, name);
    }
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(this.address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
    return this;
  }

  /** Gone, as after a crash: calls under way break off. */
  kill(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }

  #serve(server: Server, service: string, name: string): void {
    const method = methodOf(service, name);
    const codec = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
    const definition = { [name]: { path: method.path, requestStream: false, responseStream: method.streams, ...codec } };
    const word = `${service.split('.').at(-1)}.${name}`;
    const run = (call: FakeCall): void => {
      this.calls.push(call);
      const behaviour = this.does[word] ?? (() => call.fail({ code: 2, details: `nobody has said what ${word} does` }));
      void behaviour(call);
    };
    const unary = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void =>
      run({
        ...common(word, method, call),
        answer: (message) => done(null, method.response.encode(message)),
        answerBytes: (bytes) => done(null, Buffer.from(bytes)),
        end: () => undefined,
        fail: (status) => done(status),
      });
    const streaming = (call: ServerWritableStream<Buffer, Buffer>): void =>
      run({
        ...common(word, method, call),
        answer: (message) => void call.write(method.response.encode(message)),
        answerBytes: (bytes) => void call.write(Buffer.from(bytes)),
        end: () => call.end(),
        fail: (status) => void call.emit('error', status),
      });
    server.addService(definition, { [name]: method.streams ? streaming : unary });
  }
}

function common(word: string, method: Method, call: Pick<ServerUnaryCall<Buffer, Buffer>, 'on' | 'request' | 'getDeadline' | 'metadata'>) {
  const cancelled = new AbortController();
  call.on('cancelled', () => cancelled.abort());
  return {
    method: word,
    request: method.request.decode(call.request),
    cancelled: cancelled.signal,
    timeoutMs: Number(call.getDeadline()) - Date.now(),
    traceparent: call.metadata.get('traceparent')[0]?.toString(),
  };
}

const same = (bytes: Buffer): Buffer => bytes;
