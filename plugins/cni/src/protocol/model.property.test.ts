import { defineErrors, type ErrorKind } from '@hawser/core';
import type { AttachmentResult } from '@hawser/core/network';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chained, isVersion, KNOWN_CODES, read, sayable, VERSIONS, versions, type Wire, written } from '../testing/protocol-model.ts';
import { type Served, serve } from '../testing/served.ts';

const KINDS: readonly ErrorKind[] = [
  ...(['InvalidArgument', 'OutOfRange', 'NotImplemented', 'NotFound', 'FailedPrecondition', 'AlreadyExists', 'NotModified'] as const),
  ...(['PermissionDenied', 'Unauthenticated', 'ResourceExhausted', 'Unavailable', 'Conflict', 'Aborted', 'Cancelled'] as const),
  ...(['DeadlineExceeded', 'DataLoss', 'Internal', 'Unknown'] as const),
];

const octet = fc.integer({ min: 0, max: 255 });
const v4 = fc.tuple(octet, octet).map(([high, low]) => `10.0.${high}.${low}`);
const v6 = fc.integer({ min: 1, max: 0xffff }).map((low) => `fd00::${low.toString(16)}`);
const mac = octet.map((last) => `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`);
const small = fc.nat({ max: 65_535 });
const optional = { requiredKeys: [] };

/** Any result; what has `part` in its names is told from what another plugin has made. */
function results(part: string): fc.Arbitrary<AttachmentResult> {
  const interfaces = fc.uniqueArray(
    fc.record(
      {
        name: fc.integer({ min: 0, max: 9 }).map((n) => `${part}${n}`),
        mac,
        mtu: small,
        sandbox: fc.constantFrom('/run/netns/x', '/run/netns/y'),
        socketPath: fc.constant('/run/vhost.sock'),
        pciId: fc.constant('0000:00:1f.6'),
      },
      { requiredKeys: ['name', 'mac'] },
    ),
    { maxLength: 4, selector: (made) => `${made.name} ${made.sandbox}` },
  );
  const route = fc.oneof(
    fc.record(
      { dst: v4.map((ip) => `${ip}/32`), gw: v4, mtu: small, advmss: small, priority: small, table: small, scope: octet },
      { requiredKeys: ['dst'] },
    ),
    fc.record({ dst: v6.map((ip) => `${ip}/128`), gw: v6, priority: small }, { requiredKeys: ['dst'] }),
  );
  const names = fc.array(fc.constantFrom('a.example', 'b.example'), { minLength: 1, maxLength: 2 });
  return interfaces.chain((made) =>
    fc.record(
      {
        interfaces: fc.constant(made),
        ips: fc.uniqueArray(
          fc.record(
            {
              address: fc.oneof(
                v4.map((ip) => `${ip}/24`),
                v6.map((ip) => `${ip}/64`),
              ),
              gateway: fc.oneof(v4, v6),
              ...(made.length === 0 ? {} : { interface: fc.nat({ max: made.length - 1 }) }),
            },
            { requiredKeys: ['address'] },
          ),
          { maxLength: 4, selector: ({ address }) => address },
        ),
        routes: fc.uniqueArray(route, { maxLength: 4, selector: ({ dst }) => dst }),
        dns: fc.record({ nameservers: names, domain: fc.constant('example'), search: names, options: names }, optional),
      },
      { requiredKeys: ['interfaces', 'ips', 'routes'] },
    ),
  );
}

const anyVersion = fc.constantFrom(...versions);

describe('against a model of the protocol', () => {
  let served: Served;
  beforeEach(async () => {
    served = await serve();
  });
  afterEach(() => served[Symbol.asyncDispose]());

  const config = (more: object): object => ({ name: 'net', type: 'hawser-cni', ...more });
  const runs = { numRuns: Number(process.env['HAWSER_RUNS'] ?? 150) };

  test('a call is served in the version that it names, or refused with code 1 in one that its client can read', async () => {
    const texts = fc.oneof(
      anyVersion,
      fc.constantFrom(
        undefined,
        null,
        '',
        '1',
        '1.0',
        '1.1',
        '1.2.0',
        '2.0.0',
        '0.5.0',
        'v1.0.0',
        '1.0.0 ',
        '01.0.0',
        '1.0.0-rc1',
        'latest',
        '__proto__',
      ),
    );
    const verbs = fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION');
    await fc.assert(
      fc.asyncProperty(texts, verbs, async (cniVersion, verb) => {
        await served.call('ADD');
        const { code, json } = await served.call(verb, config({ cniVersion, prevResult: {} }));
        const asked = cniVersion || '0.1.0';
        const spoken = isVersion(asked) ? asked : '1.1.0';
        const exists = verb === 'VERSION' || (isVersion(asked) && VERSIONS[asked].verbs.some((known) => known === verb));
        expect(code).toBe(exists ? 0 : 1);
        if (!exists) expect(json).toMatchObject({ cniVersion: spoken, code: 1 });
        else if (verb === 'VERSION') expect(json).toMatchObject({ cniVersion: spoken, supportedVersions: versions });
        else if (verb === 'ADD') expect(json).toMatchObject({ cniVersion: spoken });
        else expect(json).toBeUndefined();
      }),
      runs,
    );
  });

  test('a result tells in every version what that can say, all of it and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(results('eth'), anyVersion, async (result, cniVersion) => {
        served.attachments.result = result;
        const { code, json } = await served.call('ADD', config({ cniVersion }));
        const said = sayable(result, cniVersion);
        if (!VERSIONS[cniVersion].lists && said.ips.length === 0) {
          expect(json).toMatchObject({ cniVersion, code: 1 });
          expect(served.attachments.attached.size).toBe(0);
          return;
        }
        expect(code).toBe(0);
        expect(read(json as unknown as Wire, cniVersion)).toEqual(said);
        served.attachments.attached.clear();
      }),
      runs,
    );
  });

  test('what a chain has made so far is passed on, from any version to any', async () => {
    await fc.assert(
      fc.asyncProperty(results('net'), results('eth'), anyVersion, anyVersion, fc.boolean(), async (former, own, from, to, nulls) => {
        const earlier = sayable(former, from);
        served.attachments.result = own;
        const { code, json } = await served.call('ADD', config({ cniVersion: to, prevResult: written(former, from, nulls) }));
        served.attachments.attached.clear();
        const lacksAddress = !VERSIONS[to].lists && earlier.ips.length + own.ips.length === 0;
        expect(code).toBe(lacksAddress ? 1 : 0);
        if (lacksAddress) return;
        const seen = read(json as unknown as Wire, to);
        expect({ ...seen, routes: VERSIONS[to].lists ? seen.routes : [] }).toEqual(chained(earlier, sayable(own, '1.1.0'), to));
      }),
      runs,
    );
  });

  test('an error is one object in the caller’s version, with a code that is written down, and its exit code', async () => {
    const kinds = fc.constantFrom(...KINDS);
    const messages = fc.constantFrom('link x not found', 'No such file or directory', 'say "so"', 'two\nlines', 'ü');
    await fc.assert(
      fc.asyncProperty(kinds, messages, anyVersion, fc.constantFrom('ADD', 'DEL'), async (kind, message, cniVersion, verb) => {
        const { some } = defineErrors('model', { some: { kind, remedy: 'Do something: not found?' } });
        served.attachments.beforeAttach = () => Promise.reject(some(message));
        served.attachments.beforeDetach = () => Promise.reject(some(message));
        const { code, output, json = {} } = await served.call(verb, config({ cniVersion }));
        expect(code === 0).toBe(false);
        expect(output.endsWith('}\n') && output.indexOf('\n') === output.length - 1).toBe(true);
        expect(KNOWN_CODES).toContain(code);
        expect(json).toMatchObject({ cniVersion, code });
        expect(Object.keys(json).toSorted()).toEqual(['cniVersion', 'code', 'details', 'msg']);
        expect(json['msg']).not.toBe('');
        if (verb === 'DEL') expect(output).not.toMatch(/not found|no such file/i);
      }),
      runs,
    );
  });
});
