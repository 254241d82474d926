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

test('other values pass as they are, cycles included', () => {
  const cyclic: Record<string, unknown> = { at: new Date(0), error: new Error('token'), none: null };
  cyclic['self'] = cyclic;
  expect(redact(cyclic)).toBe(cyclic);
});
