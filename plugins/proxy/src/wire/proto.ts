import { join } from 'node:path';
import {
  type AnyDefinition,
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';

const FILES = [
  'hawser/plugin/v1/plugin.proto',
  'hawser/plugin/v1/status.proto',
  'hawser/mode/v1/mode.proto',
  'hawser/ipam/v1/ipam.proto',
  'grpc/health/v1/health.proto',
];

/** Of source and of what is built from it alike, `proto` is beside `src` and `dist`. */
const FOLDER = join(import.meta.dirname, '..', '..', 'proto');

let loaded: PackageDefinition | undefined;

/** What the published .proto files declare; read once, when the first plugin in another process starts. */
function declared(name: string): AnyDefinition {
  loaded ??= loadSync(FILES, { includeDirs: [FOLDER], longs: Number, enums: String, bytes: Buffer });
  const found = loaded[name];
  if (found === undefined) throw new Error(`no .proto file declares ${name}`);
  return found;
}

/** A message that was read: only what was set, keys in camelCase, not looked at yet. */
export type Decoded = Readonly<Record<string, unknown>>;

/** Reads and writes one message. `decode` throws whatever its parser throws, for bytes that are none. */
export interface MessageCodec {
  encode(message: object): Buffer;
  decode(bytes: Uint8Array): Decoded;
}

/** One method of a service; `path` is what the wire has, `/hawser.mode.v1.Mode/Attach`. */
export interface Method {
  readonly path: string;
  /** In lower case, for spans: `attach`. */
  readonly name: string;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  readonly streams: boolean;
}

const methods = new Map<string, Method>();

/** A method by service and name. */
export function methodOf(service: string, name: string): Method {
  const path = `/${service}/${name}`;
  const known = methods.get(path) ?? makeMethod(service, name);
  methods.set(path, known);
  return known;
}

function makeMethod(service: string, name: string): Method {
  const method = serviceOf(service)[name];
  if (method === undefined) throw new Error(`${service} has no ${name}`);
  return {
    path: method.path,
    name: name.toLowerCase(),
    streams: method.responseStream,
    request: { encode: (message) => method.requestSerialize(message), decode: (bytes) => read(method.requestDeserialize, bytes) },
    response: { encode: (message) => method.responseSerialize(message), decode: (bytes) => read(method.responseDeserialize, bytes) },
  };
}

/** A message by name. */
export function messageOf(name: string): MessageCodec {
  const type = declared(name);
  if (!isMessage(type)) throw new Error(`${name} is no message`);
  return { encode: (message) => type.serialize(message), decode: (bytes) => read(type.deserialize, bytes) };
}

function serviceOf(name: string): ServiceDefinition {
  const service = declared(name);
  if (isMessage(service) || 'format' in service) throw new Error(`${name} is no service`);
  return service;
}

function isMessage(type: AnyDefinition): type is MessageTypeDefinition<object, object> {
  return 'format' in type && 'serialize' in type;
}

function read(deserialize: (bytes: Buffer) => object, bytes: Uint8Array): Decoded {
  return { ...deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) };
}
