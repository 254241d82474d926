import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, CONFIG, decode, FULL, refusal, refusalOf } from '../testing/decode.ts';
import { decodeRequest } from './decode.ts';
import { SUPPORTED_VERSIONS } from './versions.ts';

describe('standard input', () => {
  test.each([
    [''],
    ['{'],
    ['null'],
    ['[]'],
    ['"x"'],
    ['{} x'],
    [Buffer.from([0x7b, 0xff, 0x7d])],
    [`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ])('of %j is code 6', (input) => {
    for (const CNI_COMMAND of ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']) expect(refusal({ CNI_COMMAND }, input).code).toBe(6);
  });

  test.each([{ cniVersion: 1 }, { name: 5 }, { name: [] }])('with a wrong type is code 6: %j', (config) => {
    expect(refusal({}, { ...CONFIG, ...config }).code).toBe(6);
  });

  test.each(['', null, 'a b', '-a', 'ä', '../x'])('with the name %j is code 7', (name) => {
    expect(refusal({}, { ...CONFIG, name }).code).toBe(7);
  });

  test('never comes back inside an error', () => {
    const secrets = [
      '{"password":"hunter2"',
      'hunter2',
      { ...CONFIG, name: 'hunter 2' },
      { ...CONFIG, cniVersion: 'hunter2' },
      { ...CONFIG, prevResult: { ips: [{ address: 5, hunter2: 1 }] } },
      { ...CONFIG, runtimeConfig: 'hunter2' },
      { ...CONFIG, runtimeConfig: { ips: ['hunter2', 5] } },
    ];
    for (const config of secrets) {
      const { code, message } = refusal({}, config);
      expect(code).toBeGreaterThan(0);
      expect(message).not.toMatch(/hunter/);
    }
  });
});

describe('versions', () => {
  test.each(SUPPORTED_VERSIONS)('%s is taken', (cniVersion) => {
    expect(decode({}, { ...CONFIG, cniVersion }).version).toBe(cniVersion);
  });

  test.each([[undefined], [null], ['']])('%j means 0.1.0', (cniVersion) => {
    expect(decode({}, { ...CONFIG, cniVersion }).version).toBe('0.1.0');
  });

  test.each(['1.2.0', '1.0', 'v1.0.0', ' 1.0.0', '1.0.0-rc1', '0.1', 'toString'])('%j is code 1', (cniVersion) => {
    for (const CNI_COMMAND of ['ADD', 'DEL']) expect(refusal({ CNI_COMMAND }, { ...CONFIG, cniVersion }).code).toBe(1);
  });

  test('gate CHECK at 0.4.0, GC and STATUS at 1.1.0', () => {
    const refusing = (CNI_COMMAND: string, more: object = {}) =>
      SUPPORTED_VERSIONS.filter((cniVersion) => refusal({ CNI_COMMAND }, { ...CONFIG, ...more, cniVersion }).code === 1);
    expect(refusing('CHECK', { prevResult: {} })).toEqual(['0.1.0', '0.2.0', '0.3.0', '0.3.1']);
    expect(refusing('GC')).toEqual(SUPPORTED_VERSIONS.slice(0, -1));
    expect(refusing('STATUS')).toEqual(SUPPORTED_VERSIONS.slice(0, -1));
    expect(refusing('ADD')).toEqual([]);
    expect(refusing('DEL')).toEqual([]);
  });
});

describe('VERSION', () => {
  test.each([
    ['', '1.1.0'],
    ['garbage', '1.1.0'],
    ['{"cniVersion":"0.4.0"}', '0.4.0'],
    ['{"cniVersion":"7"}', '1.1.0'],
    [Buffer.from([0xff]), '1.1.0'],
  ])('needs nothing but its command: %j', (input, version) => {
    const nothing = Object.fromEntries(Object.keys(FULL).map((key) => [key, undefined]));
    expect(decode({ ...nothing, CNI_COMMAND: 'VERSION' }, input)).toEqual({ verb: 'VERSION', version });
    expect(decode({ CNI_COMMAND: 'VERSION', CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy', CNI_PATH: 'dummy' }, input).version).toBe(version);
  });
});

describe('ADD', () => {
  test('sorts the config into mode, settings and capabilities', () => {
    const request = add({
      mode: 'bridge',
      socket: '/x',
      tombstones: '/y',
      bridge: 'br0',
      isGateway: true,
      capabilities: { portMappings: true },
      runtimeConfig: { portMappings: [{ HostPort: 80 }], bandwidth: { ingressRate: 1 } },
      args: { cni: {} },
      'cni.dev/attachments': [],
      disableCheck: true,
      ipam: { type: 'x' },
    });
    expect(request).toEqual({
      containerId: FULL.CNI_CONTAINERID,
      ifname: 'eth0',
      netns: '/run/netns/x',
      network: {
        name: 'net',
        mode: 'bridge',
        settings: { bridge: 'br0', isGateway: true, ipam: { type: 'x' } },
        capabilities: { portMappings: [{ HostPort: 80 }], bandwidth: { ingressRate: 1 } },
      },
      staticIps: [],
    });
  });

  test('finds capabilities in any case', () => {
    expect(add({ runtimeConfig: { Ips: ['10.0.0.1'], MAC: '02:00:00:00:00:02' } })).toMatchObject({
      staticIps: ['10.0.0.1'],
      mac: '02:00:00:00:00:02',
    });
    expect(add({ runtimeConfig: { ips: ['10.0.0.1'], mac: '02:00:00:00:00:02' } })).toMatchObject({
      staticIps: ['10.0.0.1'],
      mac: '02:00:00:00:00:02',
    });
  });

  test('takes address and MAC from the capability, then args, then CNI_ARGS', () => {
    const runtimeConfig = { ips: ['10.0.0.1'], mac: 'a' };
    const args = { cni: { ips: ['10.0.0.2'], mac: 'b' } };
    const variables = { CNI_ARGS: 'IP=10.0.0.3;MAC=c' };
    expect(add({ runtimeConfig, args }, variables)).toMatchObject({ staticIps: ['10.0.0.1'], mac: 'a' });
    expect(add({ args }, variables)).toMatchObject({ staticIps: ['10.0.0.2'], mac: 'b' });
    expect(add({ runtimeConfig: { ips: [], mac: '' } }, variables)).toMatchObject({ staticIps: ['10.0.0.3'], mac: 'c' });
  });

  test('keeps pod annotations as they came', () => {
    const annotations = { 'io.kubernetes.cri.pod-annotations': { 'hawser.dev/mode': 'bridge' } };
    expect(add({ runtimeConfig: annotations }).network.capabilities).toEqual(annotations);
  });

  test.each([
    { mode: 5 },
    { runtimeConfig: [] },
    { runtimeConfig: { mac: 5 } },
    { args: 'x' },
    { args: { cni: { ips: 'x' } } },
    { prevResult: 'x' },
  ])('%j is code 7', (config) => {
    expect(refusal({}, { ...CONFIG, ...config }).code).toBe(7);
  });

  test('takes null for absent, as Go writes it', () => {
    expect(add({ mode: null, runtimeConfig: null, args: null, prevResult: null })).not.toHaveProperty('previous');
  });

  test('reads the previous result in the version of the config', () => {
    const listed = {
      interfaces: [{ name: 'lo' }],
      ips: [{ version: '4', address: '10.0.0.1/24', gateway: null, interface: 0 }],
      routes: null,
      dns: {},
    };
    expect(add({ cniVersion: '0.3.1', prevResult: listed }).previous).toEqual({
      interfaces: [{ name: 'lo', mac: '' }],
      ips: [{ address: '10.0.0.1/24', interface: 0 }],
      routes: [],
    });
    const paired = { ip4: { ip: '10.0.0.1/24', gateway: '10.0.0.254', routes: [{ dst: '0.0.0.0/0' }] }, dns: { nameservers: ['1.1.1.1'] } };
    const expected = {
      interfaces: [],
      ips: [{ address: '10.0.0.1/24', gateway: '10.0.0.254' }],
      routes: [{ dst: '0.0.0.0/0' }],
      dns: { nameservers: ['1.1.1.1'] },
    };
    expect(add({ cniVersion: '0.2.0', prevResult: paired }).previous).toEqual(expected);
    expect(add({ cniVersion: '1.0.0', prevResult: { cniVersion: '0.2.0', ...paired } }).previous).toEqual(expected);
  });
});

describe('DEL', () => {
  test.each([undefined, '', '/gone'])('does with the namespace %j', (CNI_NETNS) => {
    expect(decode({ CNI_COMMAND: 'DEL', CNI_NETNS })).toEqual({
      verb: 'DEL',
      version: '1.1.0',
      request: { containerId: FULL.CNI_CONTAINERID, ifname: 'eth0', network: 'net' },
    });
  });

  test('does without a previous result, and with one that is damaged', () => {
    for (const prevResult of [undefined, null, 'x', {}])
      expect(decode({ CNI_COMMAND: 'DEL' }, { ...CONFIG, prevResult, runtimeConfig: 5 }).verb).toBe('DEL');
  });
});

describe('CHECK', () => {
  test('needs the previous result', () => {
    expect(refusal({ CNI_COMMAND: 'CHECK' })).toEqual({ code: 7, message: 'CHECK needs the prevResult of the ADD' });
    expect(decode({ CNI_COMMAND: 'CHECK' }, { ...CONFIG, prevResult: { ips: [{ address: '10.0.0.1/8', interface: 0 }] } })).toMatchObject({
      verb: 'CHECK',
      netns: '/run/netns/x',
      request: { network: 'net', expected: { ips: [{ address: '10.0.0.1/8', interface: 0 }] } },
    });
  });
});

describe('GC', () => {
  const view = (config: object) => {
    const call = decode({ CNI_COMMAND: 'GC' }, { ...CONFIG, ...config });
    return call.verb === 'GC' ? call.request : undefined;
  };
  const list = [{ containerID: 'a', ifname: 'eth0', more: 1 }];
  const known = [{ containerId: 'a', ifname: 'eth0' }];

  test('has three forms: a list, nothing is valid, nothing told', () => {
    expect(view({ 'cni.dev/valid-attachments': list })).toEqual({ network: 'net', valid: known });
    expect(view({ 'cni.dev/attachments': list })).toEqual({ network: 'net', valid: known });
    expect(view({ 'cni.dev/valid-attachments': null })).toEqual({ network: 'net', valid: [] });
    expect(view({ 'cni.dev/valid-attachments': [] })).toEqual({ network: 'net', valid: [] });
    expect(view({})).toEqual({ network: 'net' });
  });

  test('with both keys, what either holds is valid', () => {
    expect(view({ 'cni.dev/valid-attachments': null, 'cni.dev/attachments': list })).toEqual({ network: 'net', valid: known });
  });

  test.each([['x'], [{}], [[{ containerID: 'a' }]], [[null]], [[{ containerId: 'a', ifname: 'eth0' }]]])(
    'refuses %j instead of reaping what it may mean',
    (value) => {
      expect(refusal({ CNI_COMMAND: 'GC' }, { ...CONFIG, 'cni.dev/valid-attachments': value }).code).toBe(7);
    },
  );
});

describe('any input at all', () => {
  const key = fc.constantFrom(...Object.keys(FULL), 'CNI_ARGS', 'CNI_X');
  const command = fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION', 'x');
  const field = fc.constantFrom(
    'cniVersion',
    'name',
    'type',
    'mode',
    'runtimeConfig',
    'args',
    'prevResult',
    'cni.dev/attachments',
    'cni.dev/valid-attachments',
    '__proto__',
    'ips',
  );
  const value = fc.oneof(
    fc.json().map((text): unknown => JSON.parse(text)),
    fc.constantFrom<unknown>('1.1.0', '0.2.0', '', null, 'net'),
  );

  test('as bytes gives a request or a CniError', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (environment, input) => {
        const { code } = refusalOf(() => decodeRequest({ environment: Buffer.from(environment), input: Buffer.from(input) }));
        expect(code).toBeLessThan(100);
      }),
    );
  });

  test('as variables and JSON gives a request or a CniError', () => {
    fc.assert(
      fc.property(command, fc.dictionary(key, fc.string()), fc.dictionary(field, value), (CNI_COMMAND, variables, config) => {
        const known = refusal({ ...variables, CNI_COMMAND }, JSON.stringify({ ...CONFIG, ...config }));
        expect(known.code).toBeLessThan(100);
      }),
      { numRuns: 500 },
    );
  });
});
