import * as fc from 'fast-check';
import type * as z from 'zod';
import { never, attachment, Bench, request } from '../../../plugins/proxy/src/testing/bench.ts';
import { attachmentMessage, requestMessage } from '../../../plugins/proxy/src/wire/encode.ts';
import { type Method, methodOf } from '../../../plugins/proxy/src/wire/proto.ts';
import * as shapes from '../../../plugins/proxy/src/wire/shapes.ts';
import { checkRefusal, hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const MODE = 'hawser.mode.v1.Mode';
const IPAM = 'hawser.ipam.v1.Ipam';

/** Every message that comes from another process, with the schema that it is checked by; the first byte of an input says which. */
const MESSAGES: readonly (readonly [method: Method, side: 'request' | 'response', schema: z.ZodType])[] = [
  [methodOf(MODE, 'Attach'), 'request', shapes.attachRequest],
  [methodOf(MODE, 'Attach'), 'response', shapes.attachResponse],
  [methodOf(MODE, 'Claims'), 'request', shapes.claimsRequest],
  [methodOf(MODE, 'Claims'), 'response', shapes.claimsResponse],
  [methodOf(MODE, 'Settings'), 'request', shapes.settingsRequest],
  [methodOf(MODE, 'Settings'), 'response', shapes.settingsResponse],
  [methodOf(MODE, 'Detach'), 'response', shapes.detachResponse],
  [methodOf(IPAM, 'Propose'), 'request', shapes.proposeRequest],
  [methodOf(IPAM, 'Propose'), 'response', shapes.proposeResponse],
  [methodOf(IPAM, 'Subnets'), 'response', shapes.subnetsResponse],
  [methodOf('hawser.plugin.v1.Plugin', 'Handshake'), 'request', shapes.handshakeRequest],
  [methodOf('hawser.plugin.v1.Plugin', 'Handshake'), 'response', shapes.handshakeResponse],
  [methodOf('grpc.health.v1.Health', 'Check'), 'response', shapes.healthResponse],
];

const claim = { type: 'address', key: '10.9.0.5', data: { fields: { address: { stringValue: '10.9.0.5/24' } } } };
const proposal = { candidates: [claim], cooldownMs: 5 };
const result = {
  interfaces: [{ name: 'eth0', mac: '0a:58:0a:09:00:05', sandbox: '/run/netns/c' }],
  ips: [{ address: '10.9.0.5/24' }],
  routes: [{ dst: '0.0.0.0/0' }],
};

/** A sound one of each. */
const SOUND: readonly object[] = [
  { attachment: attachmentMessage(attachment()) },
  { result },
  { request: requestMessage(request()), settings: {}, refused: [{ type: 'address', key: 'x' }] },
  { needs: [{ proposal }, { addressesFrom: 'range' }] },
  { request: requestMessage(request()) },
  { settings: { fields: { a: { listValue: { values: [{ numberValue: 1 }, { nullValue: 'NULL_VALUE' }] } } } } },
  { settled: true },
  { request: requestMessage(request()), refused: [] },
  { proposals: [proposal] },
  { subnets: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }] },
  { apiVersions: [1], uri: 'hawser.mode.v1.x', contract: 'hawser.mode.v1', config: {} },
  { apiVersion: 1, name: 'x', version: '1', contracts: ['hawser.mode.v1'] },
  { status: 'SERVING' },
];

const encoded = (index: number): Buffer => {
  const [method, side] = MESSAGES[index] ?? [];
  return Buffer.concat([Buffer.of(index), method?.[side ?? 'request'].encode(SOUND[index] ?? {}) ?? Buffer.alloc(0)]);
};

const PIECES = [
  Buffer.of(0x0a),
  Buffer.of(0x12),
  Buffer.of(0x0b),
  Buffer.of(0x0c),
  Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f),
  Buffer.of(0x0a, 0x80),
  Buffer.of(0x2a, 2, 0x1a, 0),
  'fields',
];
const grammar = fc.nat(MESSAGES.length - 1).map(encoded);

/** The wire of plugins in other processes. */
export const proto: FuzzTarget = {
  name: 'proto',
  summary: 'messages of plugins in other processes, both sides: checked values that can be written again, or refused',
  format: 'bytes',
  pieces: PIECES,
  grammar,
  runs: 1_500,
  open: () => ({
    attempt(input) {
      const [method, side, schema] = MESSAGES[(input[0] ?? 0) % MESSAGES.length] ?? [];
      if (method === undefined || side === undefined || schema === undefined) return;
      let message: object;
      try {
        message = method[side].decode(input.subarray(1));
      } catch {
        return; // Whoever reads says so in its own words, whatever the parser throws.
      }
      const { success, data } = schema.safeParse(message);
      if (!success) return;
      hold(JSON.stringify(data) !== undefined, 'it is no JSON');
      hold(schema.safeParse(method[side].decode(method[side].encode(message))).success, 'written again it is refused');
    },
  }),
};

/** A process that lies: its bytes are the answers to all that the agent asks. */
export const lyingPlugin: FuzzTarget = {
  name: 'lying-plugin',
  summary: 'a plugin in another process answers with these bytes: what it is asked for is true, or an error of the proxy',
  format: 'bytes',
  pieces: PIECES,
  grammar: fc.constantFrom(1, 3, 5, 6, 8).map(encoded),
  runs: 60,
  // What does not fit into a message is refused by the transport.
  large: false,
  open: async () => {
    const bench = await Bench.open();
    await bench.peer.start();
    await bench.boot();
    return {
      attempt: (input) => attemptAll(bench, input.subarray(1)),
      [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
    };
  },
};

async function attemptAll(bench: Bench, answer: Buffer): Promise<void> {
  for (const name of ['Attach', 'Claims', 'Settings', 'Check']) bench.peer.does[`Mode.${name}`] = (call) => call.answerBytes(answer);
  bench.peer.does['Mode.Detach'] = (call) => {
    call.answerBytes(answer);
    call.end();
  };
  bench.peer.calls.length = 0;
  const mode = bench.mode;
  const made = await unlessLying(async () => await mode.attach(attachment(), never));
  if (made !== undefined)
    hold(
      made.ips.every(({ address }) => address === '10.9.0.5/24' || address.startsWith('10.9.0.5/')),
      'it gave an address that is not held',
    );
  await unlessLying(async () => await mode.settings?.(request(), never));
  await unlessLying(async () => await mode.check(attachment(), never));
  await unlessLying(async () => await (await mode.detach(attachment(), never))?.settled);
  await unlessLying(async () => {
    for (const claims of mode.claims(request(), {})) await claims.prepare?.(never);
  });
}

async function unlessLying<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const { code } = error as { readonly code?: string };
    checkRefusal(error, String(code).split('.')[0] ?? 'proxy');
    hold(!String(code).startsWith('internal.'), 'a fault of the agent');
    return undefined;
  }
}
