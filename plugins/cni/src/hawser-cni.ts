#!/usr/bin/env node
/**
 * What container runtimes execute where no C compiler was there: the same as native/hawser-cni.c, which has the
 * protocol and the reasons. Self-contained, since it is installed by copying this one file, and synchronous but for
 * the socket, since it starts anew with every call.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';

const HEADER = 16;
const MAX_ENVIRONMENT = 64 * 1024;
const MAX_TRACE = 600;
const MAX_INPUT = 1024 * 1024;
const MAX_BODY = 16 * 1024 * 1024;
const MAX_SOCKET_PATH = 107;
const MAX_PATH = 4095;
const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
/** Seconds that each call waits for the agent; see native/hawser-cni.c. */
const PATIENCE: Readonly<Record<string, number>> = { STATUS: 10, DEL: 130, ADD: 250, CHECK: 250 };
const LONGEST_PATIENCE = 610;
const E = { version: 1, environment: 4, io: 5, decode: 6, config: 7, again: 11, unavailable: 50 };

interface Fields {
  readonly socket: string;
  readonly tombstones: string;
  readonly cniVersion: string;
  readonly name: string;
  /** Whether the config is JSON at all. */
  readonly valid: boolean;
}

interface Response {
  readonly code: number;
  readonly body: Buffer;
}

class Failure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A pipe that somebody has made non-blocking answers EAGAIN: wait a moment and go on. */
function retrying<T>(operation: () => T): T {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      const code = errorCode(error);
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** At most one byte more than is allowed; undefined where it can't be read. */
function readInput(): Buffer | undefined {
  const buffer = Buffer.alloc(MAX_INPUT + 1);
  let have = 0;
  try {
    while (have < buffer.length) {
      const got = retrying(() => readSync(0, buffer, have, buffer.length - have, null));
      if (got === 0) break;
      have += got;
    }
  } catch (error) {
    if (errorCode(error) !== 'EOF') return undefined;
  }
  return buffer.subarray(0, have);
}

function write(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += retrying(() => writeSync(fd, bytes, at));
}

/** Says how to exit: where nobody takes the answer, a success is none. */
function print(answer: Uint8Array, code: number): number {
  try {
    write(1, answer);
    return code;
  } catch {
    return code === 0 ? E.io : code;
  }
}

/** Our own keys of the network config; the agent judges the rest. */
function readFields(input: Buffer): Fields {
  let config: unknown;
  try {
    config = JSON.parse(input.toString());
  } catch {
    config = undefined;
  }
  const text = (key: string, otherwise: string): string => {
    if (typeof config !== 'object' || config === null) return otherwise;
    const value: unknown = Reflect.get(config, key);
    return typeof value === 'string' && value !== '' ? value : otherwise;
  };
  return {
    socket: text('socket', '/run/hawser/cni.sock'),
    tombstones: text('tombstones', '/var/lib/hawser/tombstones'),
    cniVersion: text('cniVersion', ''),
    name: text('name', ''),
    valid: config !== undefined,
  };
}

const spokenVersion = ({ cniVersion }: Fields): string => (VERSIONS.includes(cniVersion) ? cniVersion : '1.1.0');

/** The caller's trace must harm no call, so anything odd about it is left out. */
const isTrace = (key: string, value = ''): boolean =>
  (key === 'TRACEPARENT' || key === 'TRACESTATE') && /^[ -~]*$/.test(value) && key.length + value.length + 2 <= MAX_TRACE;

function frameOf(input: Buffer): Buffer {
  const variables = Object.entries(process.env).filter(([key, value]) => key.startsWith('CNI_') || isTrace(key, value));
  const environment = Buffer.from(variables.map(([key, value]) => `${key}=${value}\0`).join(''));
  if (environment.length > MAX_ENVIRONMENT) throw new Failure(E.environment, 'the CNI_ environment variables are larger than 64 KiB');
  const header = Buffer.alloc(HEADER);
  header.write('HCNI');
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(environment.length, 8);
  header.writeUInt32LE(input.length, 12);
  return Buffer.concat([header, environment, input]);
}

/** The agent's answer; undefined when there is none in time or it breaks off. */
function exchange(socket: string, frame: Buffer, seconds: number): Promise<Response | undefined> {
  if (!socket.startsWith('/') || Buffer.byteLength(socket) > MAX_SOCKET_PATH || socket.includes('\0'))
    throw new Failure(E.config, 'socket must be an absolute path of at most 107 bytes');
  return new Promise((resolve) => {
    const stream = connect(socket);
    // oxlint-disable-next-line walls/time -- no context here: this is a process of its own
    const timer = setTimeout(() => stream.destroy(), seconds * 1000);
    let [chunks, have, need]: [Buffer[], number, number] = [[], 0, HEADER];
    stream.on('connect', () => stream.write(frame));
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      have += chunk.length;
      if (have < need) return;
      chunks = [Buffer.concat(chunks)];
      const [bytes = chunk] = chunks;
      need = responseLength(bytes);
      if (have < need) return;
      if (need > 0) resolve({ code: bytes.readUInt32LE(8), body: bytes.subarray(HEADER, need) });
      stream.destroy();
    });
    // What came before an error still counts, so only the close ends it.
    stream.on('error', () => undefined);
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/** Of the whole answer that begins with this; 0 where no agent of ours answers like that. */
function responseLength(header: Buffer): number {
  if (header.toString('latin1', 0, 4) !== 'HCNI' || header.readUInt32LE(4) !== 1) return 0;
  const [code, length] = [header.readUInt32LE(8), header.readUInt32LE(12)];
  return length > MAX_BODY || code > 255 ? 0 : HEADER + length;
}

const IDENTITY = ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'];
const ATTACHMENT = ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'];
/** What each call needs in its environment. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  '': ['CNI_COMMAND'],
  ADD: ATTACHMENT,
  CHECK: ATTACHMENT,
  DEL: IDENTITY,
  GC: ['CNI_PATH'],
};

/** What the agent would refuse is refused without it too: it would be put off for nothing, and a DEL kept that nobody can carry out. */
function judge(command: string, { name, cniVersion }: Fields): void {
  const missing = (REQUIRED[command] ?? []).filter((variable) => (process.env[variable] ?? '') === '');
  if (missing.length > 0) throw new Failure(E.environment, `required environment variables are missing: ${missing.join(', ')}`);
  if (name === '') throw new Failure(E.config, 'the network config has no name');
  if (!Object.hasOwn(REQUIRED, command)) throw new Failure(E.environment, 'CNI_COMMAND is none of ADD, DEL, CHECK, GC, STATUS, VERSION');
  if (cniVersion !== '' && !VERSIONS.includes(cniVersion))
    throw new Failure(E.version, 'the cniVersion of the network config is not supported');
}

/** The verdict without an agent. Messages of DEL avoid the words that runtimes take for success. */
function alone(command: string, fields: Fields, frame: Buffer): void {
  const { tombstones } = fields;
  if (command === 'STATUS') throw new Failure(E.unavailable, 'the hawser agent is not running; start it with: hawser run');
  judge(command, fields);
  if (command !== 'DEL') throw new Failure(E.again, 'the hawser agent does not answer at its socket; try again once it runs (hawser run)');
  if (!tombstones.startsWith('/') || Buffer.byteLength(tombstones) > MAX_PATH || tombstones.includes('\0'))
    throw new Failure(E.config, 'tombstones must be an absolute path');
  try {
    bury(tombstones, frame);
  } catch (error) {
    const code = errorCode(error);
    const why: Readonly<Record<string, string>> = {
      ENOSPC: 'the disk is full',
      EDQUOT: 'the disk is full',
      EROFS: 'the file system is read-only',
      EACCES: 'permission denied',
      EPERM: 'permission denied',
    };
    throw new Failure(
      E.io,
      `the hawser agent does not answer and this DEL cannot be kept for it: ${why[code] ?? 'the folder of tombstones cannot be written'} (${code})`,
    );
  }
}

/** Writes the request where the agent finds it at its next start. Durable when it returns. */
function bury(folder: string, frame: Buffer): void {
  makeFolder(folder);
  // oxlint-disable-next-line walls/time -- no context here: this is a process of its own
  const [now, nanoseconds] = [Date.now(), process.hrtime()[1] % 1_000_000];
  const seconds = String(Math.floor(now / 1000)).padStart(11, '0');
  const name = `${seconds}${String((now % 1000) * 1_000_000 + nanoseconds).padStart(9, '0')}-${process.pid}.del`;
  const temporary = join(folder, `.${name}.tmp`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      write(fd, frame);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, join(folder, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** Makes what is missing of a path, each durable in its parent. Node.js's own recursion never ends in procfs. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  syncFolder(above);
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function call(input: Buffer | undefined, fields: Fields): Promise<number> {
  const command = process.env['CNI_COMMAND'] ?? '';
  if (command === 'VERSION') {
    return print(Buffer.from(`${JSON.stringify({ cniVersion: spokenVersion(fields), supportedVersions: VERSIONS })}\n`), 0);
  }
  if (input === undefined) throw new Failure(E.io, 'standard input cannot be read');
  if (input.length > MAX_INPUT) throw new Failure(E.decode, 'standard input is larger than 1 MiB');
  // Nobody knows which agent that would be for; the other executable finds its socket in most garbage.
  if (!fields.valid) throw new Failure(E.decode, 'the network config on standard input is not valid JSON');
  const frame = frameOf(input);
  const response = await exchange(fields.socket, frame, PATIENCE[command] ?? LONGEST_PATIENCE);
  if (response === undefined || (command === 'ADD' && response.code === 0 && response.body.length === 0)) {
    alone(command, fields, frame);
    return 0;
  }
  return print(response.body, response.code);
}

const input = readInput();
const fields = readFields(input ?? Buffer.alloc(0));
try {
  process.exitCode = await call(input, fields);
} catch (error) {
  const failure = error instanceof Failure ? error : new Failure(E.io, `the executable failed (${errorCode(error)})`);
  const cniVersion = spokenVersion(fields);
  process.exitCode = print(Buffer.from(`${JSON.stringify({ cniVersion, code: failure.code, msg: failure.message })}\n`), failure.code);
}
