import { defineErrors, type ErrorKind } from '@hawser/core';
import { attachmentErrors, type AttachmentResult, hostErrors, ipamErrors, networkErrors } from '@hawser/core/network';
import { describe, expect, test } from 'vitest';
import { CniError } from './cni-error.ts';
import { encodeError, toCniError } from './encode-error.ts';
import { encodeResult, encodeVersions } from './encode-result.ts';
import { mergeResults } from './merge-results.ts';
import { decodePreviousResult } from './previous-result.ts';
import { SUPPORTED_VERSIONS } from './versions.ts';

const RESULT: AttachmentResult = {
  interfaces: [
    { name: 'hw1', mac: '02:00:00:00:00:01', mtu: 1500 },
    { name: 'eth0', mac: '02:00:00:00:00:02', mtu: 1500, sandbox: '/run/netns/x', pciId: '0000:00:1f.6', socketPath: '/s' },
  ],
  ips: [
    { address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 1 },
    { address: 'fd00::5/64', interface: 0 },
    { address: '10.0.0.6/24', interface: 1 },
  ],
  routes: [
    { dst: '0.0.0.0/0', gw: '10.0.0.1', mtu: 1400, advmss: 1360, priority: 0, table: 254, scope: 0 },
    { dst: '::/0', gw: 'fd00::1' },
  ],
  dns: { nameservers: ['10.0.0.53'], search: ['x'] },
};

describe('a result', () => {
  test('in 1.1.0 has everything', () => {
    expect(encodeResult(RESULT, '1.1.0')).toEqual({
      cniVersion: '1.1.0',
      interfaces: [
        { name: 'hw1', mac: '02:00:00:00:00:01', mtu: 1500 },
        { name: 'eth0', mac: '02:00:00:00:00:02', mtu: 1500, sandbox: '/run/netns/x', socketPath: '/s', pciID: '0000:00:1f.6' },
      ],
      ips: RESULT.ips,
      routes: RESULT.routes,
      dns: RESULT.dns,
    });
  });

  test('in 1.0.0 leaves out what 1.1.0 brought', () => {
    expect(encodeResult(RESULT, '1.0.0')).toEqual({
      cniVersion: '1.0.0',
      interfaces: [
        { name: 'hw1', mac: '02:00:00:00:00:01' },
        { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/run/netns/x' },
      ],
      ips: RESULT.ips,
      routes: [
        { dst: '0.0.0.0/0', gw: '10.0.0.1' },
        { dst: '::/0', gw: 'fd00::1' },
      ],
      dns: RESULT.dns,
    });
  });

  test.each(['0.3.0', '0.3.1', '0.4.0'] as const)('in %s names the version of each address', (version) => {
    expect(encodeResult(RESULT, version)).toMatchObject({
      cniVersion: version,
      ips: [{ version: '4', interface: 1 }, { version: '6', interface: 0 }, { version: '4' }],
    });
    expect(encodeResult(RESULT, version)['interfaces']).toEqual(encodeResult(RESULT, '1.0.0')['interfaces']);
  });

  test.each(['0.1.0', '0.2.0'] as const)('in %s has the first address of each family with its routes', (version) => {
    expect(encodeResult(RESULT, version)).toEqual({
      cniVersion: version,
      ip4: { ip: '10.0.0.5/24', gateway: '10.0.0.1', routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1' }] },
      ip6: { ip: 'fd00::5/64', routes: [{ dst: '::/0', gw: 'fd00::1' }] },
      dns: RESULT.dns,
    });
    expect(() => encodeResult({ interfaces: [], ips: [], routes: [] }, version)).toThrow(CniError);
  });

  test('always has dns, and the lists of its version', () => {
    for (const version of SUPPORTED_VERSIONS.slice(2))
      expect(encodeResult({ interfaces: [], ips: [], routes: [] }, version)).toEqual({
        cniVersion: version,
        interfaces: [],
        ips: [],
        routes: [],
        dns: {},
      });
  });

  test.each(SUPPORTED_VERSIONS)('in %s can be read back and says the same again', (version) => {
    const once = encodeResult(RESULT, version);
    expect(encodeResult(decodePreviousResult(once, '1.1.0'), version)).toEqual(once);
  });

  test('VERSION lists every version', () => {
    expect(encodeVersions('0.4.0')).toEqual({
      cniVersion: '0.4.0',
      supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    });
  });
});

describe('a chain', () => {
  const earlier: AttachmentResult = {
    interfaces: [
      { name: 'veth1', mac: 'a' },
      { name: 'net0', mac: 'b', sandbox: '/run/netns/x' },
    ],
    ips: [{ address: '192.168.0.2/24', interface: 1 }],
    routes: [{ dst: '192.168.0.0/16' }],
    dns: { nameservers: ['9.9.9.9'] },
  };

  test('without an earlier result keeps ours', () => {
    expect(mergeResults(undefined, RESULT)).toBe(RESULT);
  });

  test('adds ours after what is there, with indexes moved', () => {
    const merged = mergeResults(earlier, RESULT);
    expect(merged.interfaces.map(({ name }) => name)).toEqual(['veth1', 'net0', 'hw1', 'eth0']);
    expect(merged.ips.map((ip) => [ip.address, ip.interface])).toEqual([
      ['192.168.0.2/24', 1],
      ['10.0.0.5/24', 3],
      ['fd00::5/64', 2],
      ['10.0.0.6/24', 3],
    ]);
    expect(merged.routes.map(({ dst }) => dst)).toEqual(['192.168.0.0/16', '0.0.0.0/0', '::/0']);
    expect(merged.dns).toEqual(RESULT.dns);
  });

  test('keeps the earlier dns where we have none', () => {
    expect(mergeResults(earlier, { interfaces: [], ips: [], routes: [] })).toEqual(earlier);
  });

  test('keeps the earlier dns where ours is empty, as a mode in another process has it', () => {
    expect(mergeResults(earlier, { interfaces: [], ips: [], routes: [], dns: {} })).toEqual(earlier);
  });

  test('leaves what both have where the earlier has it: the first address of a family is all that 0.2.0 tells', () => {
    const both = {
      ...earlier,
      ips: [{ address: '192.168.0.1/24', interface: 1 }, ...earlier.ips],
      routes: [{ dst: '10.0.0.0/8' }, ...earlier.routes],
    };
    const merged = mergeResults(earlier, both);
    expect(merged.ips.map(({ address }) => address)).toEqual(['192.168.0.2/24', '192.168.0.1/24']);
    expect(merged.routes.map(({ dst }) => dst)).toEqual(['192.168.0.0/16', '10.0.0.0/8']);
  });

  test('has what is in both once, so that merging again changes nothing', () => {
    const merged = mergeResults(earlier, RESULT);
    expect(mergeResults(earlier, merged)).toEqual(merged);
    expect(mergeResults(merged, RESULT)).toEqual(merged);
  });
});

describe('an error', () => {
  const kinds: Readonly<Record<ErrorKind, number>> = {
    InvalidArgument: 7,
    OutOfRange: 7,
    NotImplemented: 105,
    NotFound: 105,
    FailedPrecondition: 103,
    AlreadyExists: 103,
    NotModified: 103,
    PermissionDenied: 104,
    Unauthenticated: 104,
    ResourceExhausted: 102,
    Unavailable: 11,
    Conflict: 11,
    Aborted: 11,
    Cancelled: 11,
    DeadlineExceeded: 11,
    DataLoss: 5,
    Internal: 100,
    Unknown: 100,
  };
  test.each(Object.entries(kinds) as [ErrorKind, number][])('of kind %s has the code %i', (kind, code) => {
    const { some } = defineErrors('test', { some: { kind, remedy: 'Do it.' } });
    expect(toCniError(some('it is so'), 'ADD')).toMatchObject({ code, message: 'it is so', details: 'Do it. (test.some)' });
    expect(toCniError(some('it is so'), 'STATUS')).toMatchObject({ code: 50, message: 'it is so' });
  });

  test.each([
    [networkErrors.unsupported, 2],
    [networkErrors.invalidConfig, 7],
    [networkErrors.checkFailed, 101],
    [attachmentErrors.unknownMode, 7],
    [attachmentErrors.notFound, 3],
    [attachmentErrors.busy, 11],
    [attachmentErrors.notReady, 11],
    [attachmentErrors.draining, 11],
    [attachmentErrors.conflict, 103],
    [hostErrors.namespaceGone, 3],
    [hostErrors.busy, 11],
    [ipamErrors.exhausted, 102],
    [defineErrors('metadata', { diskFull: { kind: 'ResourceExhausted', remedy: 'x' } }).diskFull, 5],
    [defineErrors('metadata', { commitFailed: { kind: 'Internal', remedy: 'x' } }).commitFailed, 5],
  ])('of the catalogue, $code, has its own code', (factory, code) => {
    expect(toCniError(factory('x'), 'ADD').code).toBe(code);
  });

  test('that was not foreseen stays in the log', () => {
    const error = toCniError(new Error('password=hunter2'), 'ADD');
    expect(error.code).toBe(100);
    expect(encodeError(error)).not.toContain('hunter2');
    expect(toCniError('hunter2', 'ADD').message).not.toContain('hunter2');
  });

  test('of DEL is never in the words that runtimes take for success', () => {
    const error = toCniError(hostErrors.notFound('link x Not Found: no such file or directory', { remedy: 'Not found? Look.' }), 'DEL');
    expect(encodeError(error)).not.toMatch(/not found|no such file/i);
    expect(encodeError(toCniError(hostErrors.notFound('link x not found'), 'ADD'))).toContain('not found');
  });

  test('is one line of JSON with the version of the call', () => {
    expect(encodeError(new CniError(7, 'a "b"', { details: 'c' }), '0.4.0')).toBe(
      '{"cniVersion":"0.4.0","code":7,"msg":"a \\"b\\"","details":"c"}\n',
    );
    expect(JSON.parse(encodeError(new CniError(7, 'a')))).toEqual({ cniVersion: '1.1.0', code: 7, msg: 'a' });
  });
});
