import { chmodSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { proxies } from './proxies.ts';
import { Bench, never } from './testing/bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

const examine = async () => {
  const plugin = proxies.plugin('acme', 'hawser.mode.v1');
  return (await plugin.examine?.({ ...bench.context, config: { address: bench.peer.address }, signal: never })) ?? [];
};

it('doctor finds the process, or says what to do', async () => {
  expect(await examine()).toMatchObject([
    {
      check: 'process of acme',
      status: 'fail',
      found: expect.stringContaining('ENOENT'),
      remedy: expect.stringContaining('Start the process'),
    },
  ]);
  await bench.peer.start();
  chmodSync(bench.peer.socket, 0o600);
  expect(await examine()).toMatchObject([{ status: 'ok' }]);
  expect(bench.peer.calls).toEqual([]);
});

it('doctor warns of a socket that is open to everybody', async () => {
  await bench.peer.start();
  chmodSync(bench.peer.socket, 0o777);
  expect(await examine()).toMatchObject([{ status: 'warn', remedy: expect.stringContaining('0600') }]);
});
