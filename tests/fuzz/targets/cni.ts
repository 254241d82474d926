import { type AttachmentResult } from '@hawser/core/network';
import * as fc from 'fast-check';
import { CniError } from '../../../plugins/cni/src/protocol/cni-error.ts';
import { type CniRequest, decodeRequest } from '../../../plugins/cni/src/protocol/decode.ts';
import { encodeError, toCniError } from '../../../plugins/cni/src/protocol/encode-error.ts';
import { encodeResult } from '../../../plugins/cni/src/protocol/encode-result.ts';
import { decodeRequestFrame, decodeResponseFrame, encodeRequestFrame, RequestReader } from '../../../plugins/cni/src/protocol/frame.ts';
import { mergeResults } from '../../../plugins/cni/src/protocol/merge-results.ts';
import { decodePreviousResult } from '../../../plugins/cni/src/protocol/previous-result.ts';
import { SUPPORTED_VERSIONS } from '../../../plugins/cni/src/protocol/versions.ts';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

/** What an action gives, or undefined where CNI has a code for what is wrong. */
function unlessCniError<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const body = JSON.parse(encodeError(toCniError(error, 'DEL'))) as { readonly code: number; readonly msg: string };
    hold(Number.isInteger(body.code) && body.code > 0 && body.code <= 255 && body.msg !== '', 'an error without a code or a sentence');
    hold(!/not found|no such file/i.test(body.msg), 'a runtime would take the error of a DEL for success');
    return undefined;
  }
}

/** The protocol between executable and agent. */
export const cniFrames: FuzzTarget = {
  name: 'cni-frames',
  summary: 'frames between executable and agent: the same whole as byte by byte, nothing behind them, no more memory than they say',
  format: 'bytes',
  pieces: [
    'HCNI',
    Buffer.of(1, 0, 0, 0),
    Buffer.of(0, 0, 0, 0),
    Buffer.of(0xff, 0xff, 0xff, 0xff),
    Buffer.of(0, 0, 0x10, 0),
    'CNI_COMMAND=ADD\0',
  ],
  grammar: fc
    .tuple(fc.dictionary(fc.string({ unit: 'grapheme-ascii' }), fc.string()), fc.uint8Array())
    .map(([environment, input]) => encodeRequestFrame(environment, input)),
  runs: 800,
  open: () => ({ attempt: attemptFrame }),
};

function attemptFrame(input: Buffer): void {
  const whole = unlessCniError(() => decodeRequestFrame(input));
  if (whole !== undefined) hold(whole.environment.length + whole.input.length + 16 === input.length, 'bytes of the frame are lost');
  const inPieces = unlessCniError(() => readInPieces(input));
  hold((inPieces === undefined) === (whole === undefined), 'in pieces it is another request than whole');
  if (whole !== undefined && inPieces !== undefined) hold(whole.input.equals(inPieces.input), 'in pieces it has another input than whole');
  const response = unlessCniError(() => decodeResponseFrame(input));
  if (response !== undefined) hold(response.body.length + 16 <= input.length, 'an answer of more bytes than came');
}

function readInPieces(input: Buffer) {
  const reader = new RequestReader();
  let frame: ReturnType<RequestReader['push']>;
  const step = Math.max(1, Math.ceil(input.length / 40));
  for (let at = 0; at < input.length; at += step) {
    if (frame !== undefined) throw new CniError(6, 'more follows');
    frame = reader.push(input.subarray(at, at + step));
  }
  return frame;
}

const KEYS = [
  'cniVersion',
  'name',
  'type',
  'mode',
  'prevResult',
  'args',
  'cni',
  'ips',
  'mac',
  'runtimeConfig',
  'cni.dev/valid-attachments',
  'cni.dev/attachments',
];
const RESULT_KEYS = [
  'interfaces',
  'routes',
  'dns',
  'dst',
  'gw',
  'address',
  'gateway',
  'interface',
  'ip4',
  'ip6',
  'ip',
  'sandbox',
  'nameservers',
  'mtu',
  'containerID',
  'ifname',
];

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      ...SUPPORTED_VERSIONS,
      '',
      'net',
      'eth0',
      '10.0.0.5/24',
      'fd00::5/64',
      '0a:58:0a:58:00:05',
      null,
      true,
      0,
      -1,
      1.5,
      1e99,
    ),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS, ...RESULT_KEYS, '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

const results = fc.record(
  {
    cniVersion: fc.constantFrom(...SUPPORTED_VERSIONS),
    interfaces: fc.array(fc.record({ name: fc.string(), mac: fc.string(), sandbox: fc.string() }), { maxLength: 3 }),
    ips: fc.array(fc.record({ address: fc.constantFrom('10.0.0.5/24', 'fd00::5/64', 'x'), interface: fc.integer({ min: -1, max: 4 }) }), {
      maxLength: 3,
    }),
    routes: fc.array(fc.record({ dst: fc.string(), gw: fc.string() }), { maxLength: 2 }),
    dns: value,
  },
  { requiredKeys: [] },
);
const config = fc.record(
  {
    cniVersion: fc.oneof(fc.constantFrom(...SUPPORTED_VERSIONS), value),
    name: fc.oneof(fc.constant('net'), value),
    type: fc.oneof(fc.constant('hawser-cni'), value),
    prevResult: fc.oneof(results, value),
    args: value,
    runtimeConfig: value,
    'cni.dev/valid-attachments': fc.array(fc.record({ containerID: fc.string(), ifname: fc.string() })),
    extra: value,
  },
  { requiredKeys: ['cniVersion', 'name', 'type'] },
);
const variables = fc.record(
  {
    CNI_COMMAND: fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION', 'add', ''),
    CNI_CONTAINERID: fc.oneof(fc.constantFrom('c1', '', '-', 'a b'), fc.string()),
    CNI_NETNS: fc.constantFrom('/run/netns/x', '', '/proc/1/ns/net'),
    CNI_IFNAME: fc.oneof(fc.constantFrom('eth0', '', '..', 'a/b', '0123456789abcdef'), fc.string()),
    CNI_PATH: fc.constantFrom('/opt/cni/bin', ''),
    CNI_ARGS: fc.oneof(
      fc.constantFrom('IP=10.0.0.5;K8S_POD_NAME=p;K8S_POD_NAMESPACE=n', 'IgnoreUnknown=1;MAC=0a:58:0a:58:00:05', ';;=', 'A'),
      fc.string(),
    ),
    TRACEPARENT: fc.string(),
  },
  { requiredKeys: ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH', 'CNI_NETNS'] },
);

/** A call as text: variables on lines, an empty line, standard input. */
const written = ([environment, input]: readonly [Readonly<Record<string, string | undefined>>, unknown]): string =>
  `${Object.entries(environment)
    .map(([key, one]) => `${key}=${one?.replaceAll(/[\n\0]/g, '')}`)
    .join('\n')}\n\n${JSON.stringify(input)}`;

export const cniCallGrammar: fc.Arbitrary<string> = fc.tuple(variables, fc.oneof({ weight: 4, arbitrary: config }, value)).map(written);

export const CNI_PIECES: readonly string[] = [
  ...[...KEYS, ...RESULT_KEYS].map((key) => `"${key}":`),
  ...SUPPORTED_VERSIONS.map((version) => `"${version}"`),
  ...['{', '}', '[', ']', ',', '"', '\\u0000', '\\ud800', 'null', '-1', '1e400', 'CNI_ARGS=', 'IP=', ';', '='],
];

/** Splits what `written` has joined. */
export function splitCall(input: Buffer): { readonly variables: readonly string[]; readonly input: Buffer } {
  const at = input.indexOf('\n\n');
  const head = at < 0 ? input : input.subarray(0, at);
  return { variables: head.toString().split('\n'), input: at < 0 ? Buffer.alloc(0) : input.subarray(at + 2) };
}

/** Environment and standard input of a call, in every version. */
export const cniCalls: FuzzTarget = {
  name: 'cni-calls',
  summary: 'environment, arguments and network config of a CNI call in all versions: exact types or a code of CNI',
  format: 'text',
  pieces: CNI_PIECES,
  grammar: cniCallGrammar,
  runs: 1_000,
  open: () => ({
    attempt(bytes) {
      const { variables, input } = splitCall(bytes);
      const environment = Buffer.from(variables.map((variable) => `${variable}\0`).join(''));
      const call = unlessCniError(() => decodeRequest({ environment, input }));
      if (call !== undefined) checkCall(call);
    },
  }),
};

function checkCall(call: CniRequest): void {
  hold((SUPPORTED_VERSIONS as readonly string[]).includes(call.version), `a version ${call.version}`);
  if (call.verb === 'ADD' || call.verb === 'DEL' || call.verb === 'CHECK') {
    const { containerId, ifname, network } = call.request;
    hold(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerId) && Buffer.byteLength(ifname) <= 15, 'an identity that is none');
    hold((typeof network === 'string' ? network : network.name) !== '', 'a network without a name');
  }
  if (call.verb === 'ADD') checkPrevious(call.request.previous);
  if (call.verb === 'CHECK') checkPrevious(call.request.expected);
}

/** Told in a version and read again, a result is the same as far as that version can say it. */
function checkPrevious(previous: AttachmentResult | undefined): void {
  if (previous === undefined) return;
  for (const version of SUPPORTED_VERSIONS) {
    const told = unlessCniError(() => encodeResult(previous, version));
    if (told === undefined) continue;
    const again = unlessCniError(() => decodePreviousResult(JSON.parse(JSON.stringify(told)), version));
    hold(again !== undefined, `what is told in ${version} can’t be read again`);
    hold(JSON.stringify(encodeResult(again, version)) === JSON.stringify(told), `told in ${version} and read again it is another result`);
  }
  const own: AttachmentResult = {
    interfaces: [{ name: 'own', mac: '', sandbox: '/n' }],
    ips: [{ address: '10.9.9.9/24', interface: 0 }],
    routes: [],
  };
  const merged = mergeResults(previous, own);
  const mine = merged.ips.find(({ address }) => address === '10.9.9.9/24');
  hold(mine?.interface !== undefined && merged.interfaces[mine.interface] !== undefined, 'our address points at no interface of the chain');
}
