/**
 * The protocol between executable and endpoint, one call a connection:
 *
 * ```
 * request   "HCNI" u32le version  u32le environment length  u32le input length   environment  standard input
 * response  "HCNI" u32le version  u32le exit code           u32le body length    body = standard output
 * ```
 *
 * The environment is the CNI_* variables, each `K=V` and a NUL. A tombstone is a request frame in a file.
 */
import { CniCode, CniError } from './cni-error.ts';

const MAGIC = Buffer.from('HCNI');
const PROTOCOL_VERSION = 1;
const HEADER_BYTES = 16;
const MAX_ENVIRONMENT_BYTES = 64 * 1024;
export const MAX_INPUT_BYTES = 1024 * 1024;
export const MAX_FRAME_BYTES = HEADER_BYTES + MAX_ENVIRONMENT_BYTES + MAX_INPUT_BYTES;
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A call as the executable hands it on: nothing of it is checked yet. */
export interface RequestFrame {
  readonly environment: Buffer;
  readonly input: Buffer;
}

export interface ResponseFrame {
  readonly exitCode: number;
  readonly body: Buffer;
}

/** Puts a request together from the bytes of a stream. */
export class RequestReader {
  #chunks: Buffer[] = [];
  #have = 0;
  #need = HEADER_BYTES;
  #header: RequestHeader | undefined;

  /** The request once it is whole; throws a CniError as soon as the bytes can't become one, also when more follow than belong to it. */
  push(chunk: Uint8Array): RequestFrame | undefined {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#have += chunk.byteLength;
    if (this.#have < this.#need) return undefined;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    this.#header ??= requestHeader(bytes);
    const { environmentLength, inputLength } = this.#header;
    this.#need = HEADER_BYTES + environmentLength + inputLength;
    if (bytes.length < this.#need) return undefined;
    if (bytes.length > this.#need) throw malformed('bytes follow the request');
    const inputAt = HEADER_BYTES + environmentLength;
    return { environment: bytes.subarray(HEADER_BYTES, inputAt), input: bytes.subarray(inputAt) };
  }
}

/** A whole request at once, as in a tombstone. */
export function decodeRequestFrame(bytes: Uint8Array): RequestFrame {
  const frame = new RequestReader().push(bytes);
  if (frame === undefined) throw malformed('the request is cut off');
  return frame;
}

export function encodeRequestFrame(environment: Readonly<Record<string, string>>, input: Uint8Array): Buffer {
  const variables = Buffer.from(
    Object.entries(environment)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(''),
  );
  return Buffer.concat([header(variables.length, input.length), variables, input]);
}

export function encodeResponseFrame(response: { readonly exitCode: number; readonly body: string | Uint8Array }): Buffer {
  const body = Buffer.from(response.body);
  return Buffer.concat([header(response.exitCode, body.length), body]);
}

/** The response, or undefined while it is not whole. Throws a CniError when it is none. */
export function decodeResponseFrame(bytes: Buffer): ResponseFrame | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  checkMagic(bytes);
  const length = bytes.readUInt32LE(12);
  if (length > MAX_BODY_BYTES) throw malformed('the response is too large');
  if (bytes.length < HEADER_BYTES + length) return undefined;
  return { exitCode: bytes.readUInt32LE(8), body: bytes.subarray(HEADER_BYTES, HEADER_BYTES + length) };
}

interface RequestHeader {
  readonly environmentLength: number;
  readonly inputLength: number;
}

function requestHeader(bytes: Buffer): RequestHeader {
  checkMagic(bytes);
  const environmentLength = bytes.readUInt32LE(8);
  const inputLength = bytes.readUInt32LE(12);
  if (environmentLength > MAX_ENVIRONMENT_BYTES)
    throw new CniError(CniCode.environment, 'the CNI_ environment variables are larger than 64 KiB');
  if (inputLength > MAX_INPUT_BYTES) throw new CniError(CniCode.decoding, 'standard input is larger than 1 MiB');
  return { environmentLength, inputLength };
}

function checkMagic(bytes: Buffer): void {
  if (!bytes.subarray(0, 4).equals(MAGIC)) throw malformed('it does not begin with HCNI');
  if (bytes.readUInt32LE(4) !== PROTOCOL_VERSION)
    throw new CniError(
      CniCode.io,
      `the executable and the agent speak different protocols; this agent speaks version ${PROTOCOL_VERSION}`,
      {
        details: 'Run `hawser cni install` again.',
      },
    );
}

function header(first: number, second: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(PROTOCOL_VERSION, 4);
  bytes.writeUInt32LE(first, 8);
  bytes.writeUInt32LE(second, 12);
  return bytes;
}

const malformed = (why: string): CniError => new CniError(CniCode.decoding, `what came over the socket is no CNI call: ${why}`);
