import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTcpAddress, tcpAddress } from './address.ts';

test.each([
  ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
])('%s is an address with a port', (text, address) => {
  expect(parseTcpAddress(text)).toEqual(address);
});

test.each(['', 'localhost:80', '127.0.0.1', '127.0.0.1:65536', '::1:80', '[127.0.0.1]:80', '[::1%lo]:80', ' 127.0.0.1:80', '999.0.0.1:80'])(
  '%j is none, and is told so',
  (text) => {
    expect(parseTcpAddress(text)).toBeUndefined();
    expect(tcpAddress().safeParse(text).error?.issues[0]?.message).toContain('127.0.0.1:9464');
  },
);

test('garbage is refused or understood, never thrown at', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTcpAddress(text)));
});
