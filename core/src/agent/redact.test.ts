import { expect, test } from 'vitest';
import { redact } from './redact.ts';

test('secrets are censored on three levels and what holds none is left alone', () => {
  const details = { region: 'eu-west-1', keys: { secretAccessKey: 'abc', list: ['token'] } };
  expect(redact({ token: 'abc', details, plugin: 'x' })).toEqual({
    token: '[redacted]',
    details: { region: 'eu-west-1', keys: { secretAccessKey: '[redacted]', list: ['token'] } },
    plugin: 'x',
  });
  expect(details.keys.secretAccessKey).toBe('abc');
  const clean = { details: { region: 'eu-west-1' }, ips: ['10.0.0.2/24'] };
  expect(redact(clean)).toBe(clean);
});

test('a key is known however it is written, and lists are looked into', () => {
  const config = { secret_access_key: 'a', AccessKeyId: 'b', 'private-key': 'c', api_token: 'd', tokens: 2, key: 'address/10.0.0.2' };
  expect(redact({ config, headers: [{ Authorization: 'e' }, 'x'] })).toEqual({
    config: {
      secret_access_key: '[redacted]',
      AccessKeyId: '[redacted]',
      'private-key': '[redacted]',
      api_token: '[redacted]',
      tokens: 2,
      key: 'address/10.0.0.2',
    },
    headers: [{ Authorization: '[redacted]' }, 'x'],
  });
});

test('other values pass as they are, cycles included', () => {
  const cyclic: Record<string, unknown> = { at: new Date(0), error: new Error('token'), none: null };
  cyclic['self'] = cyclic;
  expect(redact(cyclic)).toBe(cyclic);
});
