import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test.each([
  ['subent', ['subnet', 'gateway'], 'subnet'],
  ['rnage', ['range', 'bridge'], 'range'],
  ['masquerade_ipv4', ['masquerade'], 'masquerade'],
  ['ab', ['cd', 'ef'], undefined],
  ['', ['a'], undefined],
  ['hawser.mdoe.v1', ['hawser.mode.v1'], 'hawser.mode.v1'],
  ['hawser.mode.v2', ['hawser.mode.v1'], 'hawser.mode.v1'],
  ['hawser.host.v1', ['hawser.mode.v1', 'hawser.ipam.v1'], undefined],
  ['hawser.ipam.v1.rang', ['hawser.ipam.v1.range', 'hawser.mode.v1.bridge'], 'hawser.ipam.v1.range'],
  ['hawser.ipam.range', ['hawser.ipam.v1.range'], 'hawser.ipam.v1.range'],
  ['x', [], undefined],
  ['y'.repeat(201), ['y'.repeat(200)], undefined],
])('%s of %j is %s', (name, known, found) => expect(nearest(name, known)).toBe(found));
