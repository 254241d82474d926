import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeAttachments, type TestContext, testContext } from '@hawser/core/testing';
import { EndpointConfig } from '../endpoint/config.ts';
import { listen } from '../endpoint/listener.ts';
import { Service } from '../endpoint/service.ts';
import { callEndpoint } from '../install/endpoint-client.ts';
import { decodeResponseFrame, encodeRequestFrame } from '../protocol/frame.ts';
import { newHost, recordingLog } from './fakes.ts';

export const CONFIG = { cniVersion: '1.0.0', name: 'net', type: 'hawser-cni' };
const VARIABLES = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/x', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };

/** The bytes of a call. */
export const frame = (command: string): Buffer =>
  encodeRequestFrame({ CNI_COMMAND: command, ...VARIABLES }, Buffer.from(JSON.stringify(CONFIG)));

export interface Answered {
  readonly code: number;
  readonly output: string;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** A client that can be broken. */
export interface Client {
  readonly socket: Socket;
  /** What came before the end; undefined where that is no answer. */
  readonly answer: Promise<{ readonly exitCode: number; readonly body: string } | undefined>;
}

/** The service on a real socket with a fake engine and a held clock. */
export interface Served extends AsyncDisposable {
  readonly path: string;
  readonly context: TestContext;
  readonly attachments: FakeAttachments;
  readonly service: Service;
  readonly stopping: AbortController;
  readonly lines: readonly string[];
  /** What the tombstones do before an ADD. */
  settle: () => Promise<void>;
  call(command: string, config?: unknown, more?: Readonly<Record<string, string>>): Promise<Answered>;
  open(): Client;
}

export async function serve(settings: object = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'));
  const path = join(folder, 'cni.sock');
  const context = testContext();
  const attachments = new FakeAttachments();
  const stopping = new AbortController();
  const { log, lines } = recordingLog();
  const { clock, random } = context;
  const paths = { socket: path, tombstones: '/t' };
  const tombstones = { settle: () => served.settle() };
  const parsed = EndpointConfig.parse(settings);
  const exhaustedIsUnavailable = parsed.exhausted_is_unavailable;
  const executor = { attachments, host: newHost(), tombstones, clock, log, paths, undoDeadlineMs: 1000, exhaustedIsUnavailable };
  const service = new Service({ settings: parsed, executor, clock, random, log, stopping: stopping.signal });
  const listener = await listen({ path, onConnection: service.accept, onError: () => undefined });
  const served: Served = {
    path,
    context,
    attachments,
    service,
    stopping,
    lines,
    settle: () => Promise.resolve(),
    call: (command, config = CONFIG, more = {}) => call(path, { CNI_COMMAND: command, ...VARIABLES, ...more }, config),
    open: () => open(path),
    async [Symbol.asyncDispose]() {
      await listener.close();
      rmSync(folder, { recursive: true });
    },
  };
  return served;
}

async function call(path: string, variables: Readonly<Record<string, string>>, config: unknown): Promise<Answered> {
  const input = typeof config === 'string' ? config : JSON.stringify(config);
  const { exitCode, body } = await callEndpoint(path, variables, input, new AbortController().signal);
  const output = body.toString();
  return { code: exitCode, output, json: output === '' ? undefined : (JSON.parse(output) as Record<string, unknown>) };
}

function open(path: string): Client {
  const socket = connect(path);
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<{ exitCode: number; body: string } | undefined>();
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('close', () => {
    const response = decodeResponseFrame(Buffer.concat(chunks));
    resolve(response === undefined ? undefined : { exitCode: response.exitCode, body: response.body.toString() });
  });
  return { socket, answer: promise };
}
