import { spawn } from 'node:child_process';
import { closeSync, openSync, open as openFile, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BroadcastChannel, MessageChannel, Worker } from 'node:worker_threads';
import * as z from 'zod';
import { type AnyPlugin, definePlugin, defineToken, type StartContext } from '../../plugin/index.ts';

/** What a defective plugin leaves, so that the test can put it away. */
export const left: (() => unknown)[] = [];

const Thing = defineToken<object>()('test.thing.v1');
type Start = (context: StartContext<unknown>) => object | Promise<object>;

const plain = (id: string, start: Start): AnyPlugin =>
  definePlugin({ provides: Thing, id, summary: 'Does one thing wrong.', startDeadlineMs: 2_000, stopDeadlineMs: 50, start });

/** Each takes something that it doesn't give back; by what it takes. */
export const takers: Readonly<Record<string, AnyPlugin>> = {
  interval: plain('interval', () => {
    const timer = setInterval(() => undefined, 1_000);
    left.push(() => clearInterval(timer));
    return {};
  }),
  quietTimer: plain('quiet-timer', () => {
    const timer = setTimeout(() => undefined, 60_000).unref();
    left.push(() => clearTimeout(timer));
    return {};
  }),
  loop: plain('loop', () => {
    let isOver = false;
    const again = (): void => void (isOver || setImmediate(again));
    again();
    left.push(() => (isOver = true));
    return {};
  }),
  clockTimer: plain('clock-timer', ({ clock }) => {
    const timer = clock.timer(60_000, () => undefined);
    left.push(() => timer[Symbol.dispose]());
    return {};
  }),
  later: plain('later', ({ scope }) => {
    scope.defer(() => {
      const timer = setTimeout(() => undefined, 60_000);
      left.push(() => clearTimeout(timer));
    });
    return {};
  }),
  atTheEnd: plain('at-the-end', ({ signal }) => {
    signal.addEventListener('abort', () => {
      const timer = setInterval(() => undefined, 1_000);
      left.push(() => clearInterval(timer));
    });
    return {};
  }),
  http: plain('http', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    left.push(() => server.close());
    return {};
  }),
  socket: plain('socket', async ({ scope }) => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    scope.defer(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
    await once(socket, 'connect');
    left.push(() => socket.destroy());
    return {};
  }),
  udp: plain('udp', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    left.push(() => socket.close());
    return {};
  }),
  process: plain('process', () => {
    const child = spawn('sleep', ['60']);
    left.push(() => child.kill());
    return {};
  }),
  thread: plain('thread', async () => {
    const worker = new Worker('setInterval(() => undefined, 1_000)', { eval: true });
    await once(worker, 'online');
    left.push(() => worker.terminate());
    return {};
  }),
  port: plain('port', () => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => undefined);
    left.push(() => [port1, port2].map((port) => port.close()));
    return {};
  }),
  broadcast: plain('broadcast', () => {
    const channel = new BroadcastChannel('hawser-test');
    left.push(() => channel.close());
    return {};
  }),
  watch: plain('watch', () => {
    const watcher = watch('/');
    left.push(() => watcher.close());
    return {};
  }),
  file: plain('file', () => {
    const descriptor = openSync('/etc/passwd', 'r');
    left.push(() => closeSync(descriptor));
    return {};
  }),
  fileLater: plain('file-later', async () => {
    const descriptor = await new Promise<number>((resolve) => openFile('/etc/passwd', 'r', (_error, found) => resolve(found)));
    left.push(() => closeSync(descriptor));
    return {};
  }),
  handle: plain('handle', async () => {
    const handle = await open('/etc/passwd');
    left.push(() => handle.close());
    return {};
  }),
  listener: plain('listener', () => {
    const listen = (): void => undefined;
    process.on('SIGHUP', listen);
    left.push(() => process.off('SIGHUP', listen));
    return {};
  }),
  lastCall: plain('last-call', () => {
    const listen = (): void => undefined;
    process.on('exit', listen);
    left.push(() => process.off('exit', listen));
    return {};
  }),
  variable: plain('variable', () => {
    process.env['HAWSER_TEST_LEFT'] = 'yes';
    left.push(() => delete process.env['HAWSER_TEST_LEFT']);
    return {};
  }),
};

let starts = 0;

/** Each can't be started and stopped as it should; by what is wrong. */
export const stubborn: Readonly<Record<string, AnyPlugin>> = {
  once: plain('once', () => {
    if (starts++ > 0) throw new Error('the lamp is lit already');
    return {};
  }),
  never: plain('never', () => Promise.reject(new Error('no lamp'))),
  release: plain('release', ({ scope }) => {
    scope.defer(() => new Promise<void>(() => undefined));
    return {};
  }),
  taken: plain('taken', ({ scope }) => {
    scope.use({ [Symbol.asyncDispose]: () => new Promise<void>(() => undefined) });
    return {};
  }),
  failing: plain('failing', ({ scope }) => {
    scope.defer(() => Promise.reject(new Error('the lamp is stuck')));
    return {};
  }),
  worker: plain('worker', ({ scope }) => {
    scope.spawn('watch', () => new Promise<void>(() => undefined));
    return {};
  }),
  deaf: plain('deaf', () => new Promise<object>(() => undefined)),
  attentive: plain('attentive', ({ signal, clock }) => clock.sleep(60_000, signal).then(() => ({}))),
  untidy: plain('untidy', async ({ signal, clock }) => {
    const timer = setInterval(() => undefined, 1_000);
    left.push(() => clearInterval(timer));
    await clock.sleep(60_000, signal);
    return {};
  }),
};

const Lamp = defineToken<{ light(): Promise<void> }>()('test.lamp.v1');

/** Its call waits for what never comes once it has stopped. */
export const hanging = definePlugin({
  provides: Lamp,
  id: 'hanging',
  summary: 'Waits for ever.',
  start({ signal }) {
    return { light: () => (signal.aborted ? new Promise<void>(() => undefined) : Promise.resolve()) };
  },
});

export const curious = definePlugin({
  provides: Thing,
  id: 'curious',
  summary: 'Leaves what it has looked at.',
  async examine() {
    const timer = setInterval(() => undefined, 1_000);
    left.push(() => clearInterval(timer));
    return [];
  },
  start: () => ({}),
});

export const deafExamination = definePlugin({
  provides: Thing,
  id: 'deaf-examination',
  summary: 'Looks for ever.',
  examine: () => new Promise<never>(() => undefined),
  start: () => ({}),
});

export const secretive = definePlugin({
  provides: Thing,
  id: 'Secretive Id',
  summary: 'no sentence',
  config: z.object({
    silent: z.string().default('x').describe(''),
    told: z.string().default('x').describe('What it says'),
    untold: z.string().default('x'),
    nested: z.object({ untold: z.int().optional() }).default({}).describe('More'),
    list: z
      .array(z.strictObject({ untold: z.int() }))
      .default([])
      .describe('Many'),
    named: z
      .record(z.string(), z.strictObject({ untold: z.int() }))
      .default({})
      .describe('By name'),
    either: z
      .union([z.string(), z.strictObject({ untold: z.int() })])
      .default('x')
      .describe('One or the other'),
  }),
  start: () => ({}),
});

export const sound = definePlugin({
  provides: Lamp,
  id: 'sound',
  summary: 'Is as it should be.',
  config: z.strictObject({
    list: z
      .array(z.strictObject({ name: z.string().describe('Its name') }))
      .default([])
      .describe('Many'),
  }),
  async start({ scope, signal, clock }) {
    const server = createServer().listen(0, '127.0.0.1');
    scope.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    await once(server, 'listening', { signal });
    const timer = setInterval(() => undefined, 10);
    scope.defer(() => clearInterval(timer));
    scope.spawn('rest', (abort) => clock.sleep(60_000, abort));
    return { light: () => Promise.resolve() };
  },
});
