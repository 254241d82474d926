import { type ErrorKind, HawserError, type JsonObject } from '@hawser/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { readAnswer } from '../client/answer.ts';
import { attachmentMessage, requestMessage } from './encode.ts';
import { messageOf, type Method, methodOf } from './proto.ts';
import * as shapes from './shapes.ts';
import { failureOf, kindOf, toStatus } from './status.ts';
import { struct, toStruct } from './struct.ts';
import { attachment, request, result } from '../testing/bench.ts';

const RUNS = Number(process.env['HAWSER_RUNS'] ?? 300);

const ANSWERS: readonly (readonly [string, string, z.ZodType])[] = [
  ['hawser.plugin.v1.Plugin', 'Handshake', shapes.handshakeResponse],
  ['grpc.health.v1.Health', 'Check', shapes.healthResponse],
  ['hawser.mode.v1.Mode', 'Settings', shapes.settingsResponse],
  ['hawser.mode.v1.Mode', 'Claims', shapes.claimsResponse],
  ['hawser.mode.v1.Mode', 'Attach', shapes.attachResponse],
  ['hawser.mode.v1.Mode', 'Check', shapes.checkResponse],
  ['hawser.mode.v1.Mode', 'Detach', shapes.detachResponse],
  ['hawser.ipam.v1.Ipam', 'Subnets', shapes.subnetsResponse],
  ['hawser.ipam.v1.Ipam', 'Propose', shapes.proposeResponse],
];

const FULL: Readonly<Record<string, object>> = {
  Handshake: { apiVersion: 1, name: 'a', version: '1', contracts: ['hawser.mode.v1'] },
  Settings: { settings: toStruct({ a: { b: [1, 'x', null] } }) },
  Claims: {
    needs: [{ proposal: { candidates: [{ type: 'vf', key: 'k', data: toStruct({ a: 1 }) }], cooldownMs: 5 } }, { addressesFrom: 'range' }],
  },
  Attach: { result: result() },
  Detach: { settled: true },
  Subnets: { subnets: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }] },
  Propose: { proposals: [{ candidates: [{ type: 'address', key: '10.9.0.5', data: toStruct({ address: 'x' }) }] }] },
  Check: {},
};

/** An answer, or an error of the catalogue: nothing else, whatever the bytes. */
function survives(method: Method, schema: z.ZodType, bytes: Uint8Array): void {
  try {
    readAnswer(method, schema, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(HawserError);
    expect(error).toMatchObject({ code: 'proxy.bad_answer' });
  }
}

describe.each(ANSWERS)('the answer of %s/%s', (service, name, schema) => {
  const method = methodOf(service, name);

  it('is read, or refused, from any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(method, schema, bytes)),
      { numRuns: RUNS },
    );
  });

  it('is read, or refused, from a message that was damaged', () => {
    const whole = method.response.encode(FULL[name] ?? {});
    const damage = fc.array(fc.tuple(fc.nat(Math.max(0, whole.length - 1)), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        survives(method, schema, bytes.subarray(0, length));
        survives(method, schema, bytes);
      }),
      { numRuns: RUNS },
    );
  });
});

it('a message of messages in each other without an end is refused, not followed', () => {
  const method = methodOf('hawser.mode.v1.Mode', 'Settings');
  let bytes: Buffer = Buffer.alloc(0);
  // Struct.fields{key,value: Value.struct_value}: each level wraps the former.
  for (let level = 0; level < 5_000; level++) {
    const value = field(5, bytes);
    bytes = field(1, Buffer.concat([field(1, Buffer.from('a')), field(2, value)]));
  }
  expect(() => readAnswer(method, shapes.settingsResponse, field(1, bytes))).toThrow(expect.objectContaining({ code: 'proxy.bad_answer' }));
});

function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

const json = fc.dictionary(
  fc.string({ maxLength: 10 }).filter((key) => key !== '__proto__'),
  fc.jsonValue({ maxDepth: 4 }),
  { maxKeys: 5 },
) as fc.Arbitrary<JsonObject>;
const same = (a: unknown, b: unknown): void => {
  expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
};

describe('what is written is read again', () => {
  it('as a table', () => {
    const codec = messageOf('hawser.mode.v1.SettingsResponse');
    fc.assert(
      fc.property(json, (value) => same(struct.parse(codec.decode(codec.encode({ settings: toStruct(value) }))['settings']), value)),
      { numRuns: RUNS },
    );
  });

  it('as a request and as an attachment', () => {
    const { request: asked } = methodOf('hawser.mode.v1.Mode', 'Settings');
    const { request: attached } = methodOf('hawser.mode.v1.Mode', 'Attach');
    const full = request({
      pod: { namespace: 'n', name: 'p' },
      mac: '0a:58:00:00:00:01',
      staticIps: ['10.9.0.5'],
      previous: { interfaces: [], ips: [], routes: [] },
    });
    expect(shapes.settingsRequest.parse(asked.decode(asked.encode({ request: requestMessage(full) })))).toEqual({ request: full });
    const whole = attachment({
      pod: { namespace: 'n', name: 'p', uid: 'u' },
      result: { interfaces: [{ name: 'eth0', mac: '' }], ips: [], routes: [] },
    });
    expect(shapes.attachRequest.parse(attached.decode(attached.encode({ attachment: attachmentMessage(whole) })))).toEqual({
      attachment: whole,
    });
  });

  it('as an error', () => {
    const kinds: readonly ErrorKind[] = [
      'InvalidArgument',
      'NotFound',
      'FailedPrecondition',
      'ResourceExhausted',
      'NotImplemented',
      'Internal',
      'Unavailable',
      'Cancelled',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...kinds), json, (kind, details) => {
        const error = failureOf(toStatus(new HawserError('acme.x', { kind, remedy: 'Mend it.' }, 'broken', { details })));
        expect(error).toMatchObject({ code: 'acme.x', kind, message: 'broken', remedy: 'Mend it.' });
        same(error?.details, details);
      }),
      { numRuns: RUNS },
    );
  });
});

it('details that are too large to be sent are left out, not the error', () => {
  const error = failureOf(
    toStatus(new HawserError('acme.x', { kind: 'Internal', remedy: 'Mend it.' }, 'broken', { details: { text: 'x'.repeat(100_000) } })),
  );
  expect(error).toMatchObject({ code: 'acme.x', message: 'broken', details: {} });
});

it('a status that nobody knows is unknown', () => {
  expect(kindOf(77)).toBe('Unknown');
});
