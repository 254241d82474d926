import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { call } from './harness/cnitool.ts';
import { must, run } from './harness/command.ts';
import { Containerd } from './harness/containerd.ts';
import { type Network, openNetwork } from './harness/network.ts';
import { eventually } from './harness/poll.ts';
import { makeRootfs } from './harness/rootfs.ts';
import { REFERENCE, shared } from './harness/suite.ts';

/** The folders that `ctr run --cni` insists on; the sandbox has private ones there. */
const FIXED = { conf: '/etc/cni/net.d', bin: '/opt/cni/bin' };

interface Node extends AsyncDisposable {
  readonly network: Network;
  readonly rootfs: string;
  ctr(...args: readonly string[]): Promise<string>;
}

const node = shared<Node>(['containerd', 'ctr', 'runc', 'cni-lab', 'busybox'], async (folder) => {
  const network = await openNetwork(folder);
  const containerd = new Containerd(join(folder, 'c'), network);
  await containerd.start();
  rmSync(FIXED.conf, { recursive: true, force: true });
  rmSync(FIXED.bin, { recursive: true, force: true });
  cpSync(network.confDir, FIXED.conf, { recursive: true });
  mkdirSync('/opt/cni', { recursive: true });
  symlinkSync(network.binDir, FIXED.bin);
  const close = async (): Promise<void> => {
    await containerd.stop();
    await network[Symbol.asyncDispose]();
  };
  const ctr = (...args: readonly string[]): Promise<string> => must('ctr', ['-a', containerd.socket, ...args]);
  return { network, ctr, rootfs: await makeRootfs(join(folder, 'rootfs')), [Symbol.asyncDispose]: close };
});

test('ctr run --cni: the container has an address of each family, and nothing is left when it ends', async () => {
  const { ctr, network, rootfs } = node();
  const shown = await ctr('run', '--rm', '--cni', '--rootfs', rootfs, 'shown', '/bin/ip', 'addr');
  expect(shown).toMatch(/inet 10\.213\.0\./);
  expect(shown).toMatch(/inet6 fd00:213::/);
  await network.nothingLeft();
});

test('ctr run -d --cni and a kill: DEL never comes, GC finds it', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { ctr, network, rootfs } = node();
  await ctr('run', '-d', '--cni', '--rootfs', rootfs, 'killed', '/bin/sleep', '1000');
  await eventually('attached', async () => ((await network.agent?.attachments())?.length === 1 ? true : undefined));
  await ctr('task', 'kill', '-s', 'SIGKILL', 'killed');
  await eventually('ended', async () => ((await run('pgrep', ['-f', 'sleep 1000'])).code === 0 ? undefined : true));
  await ctr('task', 'rm', '-f', 'killed');
  await ctr('container', 'rm', 'killed');
  expect((await call(network, { command: 'GC' })).code).toBe(0);
  await network.nothingLeft();
});
