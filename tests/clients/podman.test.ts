import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must, type Outcome, run } from './harness/command.ts';
import { type Network, openNetwork } from './harness/network.ts';
import { makeRootfs } from './harness/rootfs.ts';
import { REFERENCE, shared } from './harness/suite.ts';

interface Node extends AsyncDisposable {
  readonly network: Network;
  readonly rootfs: string;
  podman(...args: readonly string[]): Promise<string>;
  attempt(...args: readonly string[]): Promise<Outcome>;
}

const node = shared<Node>(['podman', 'runc', 'busybox', 'conmon'], async (folder) => {
  const network = await openNetwork(folder);
  const config = join(folder, 'containers.conf');
  writeFileSync(
    config,
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
apparmor_profile = "unconfined"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
tmp_dir = "${join(folder, 'libpod')}"
[network]
network_backend = "cni"
cni_plugin_dirs = ["${network.binDir}"]
network_config_dir = "${network.confDir}"
default_network = "${network.name}"
`,
  );
  mkdirSync(join(folder, 'libpod'), { recursive: true });
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'runroot')];
  const options = { env: { CONTAINERS_CONF: config }, timeoutMs: 90_000 };
  return {
    network,
    rootfs: await makeRootfs(join(folder, 'rootfs')),
    podman: (...args) => must('podman', [...storage, ...args], options),
    attempt: (...args) => run('podman', [...storage, ...args], options),
    [Symbol.asyncDispose]: async () => {
      await run('podman', [...storage, 'rm', '-f', '-a', '-t', '0'], options);
      await network[Symbol.asyncDispose]();
    },
  };
});

test('podman run: the container has an address of each family, and nothing is left when it ends', async () => {
  const { podman, network, rootfs } = node();
  const shown = await podman('run', '--rm', '--network', network.name, '--rootfs', rootfs, '/bin/ip', 'addr');
  expect(shown).toMatch(/inet 10\.213\.0\./);
  expect(shown).toMatch(/inet6 fd00:213::/);
  await network.nothingLeft();
});

test('--ip and --mac-address are what the container gets', async () => {
  const { podman, network, rootfs } = node();
  const wanted = ['--ip', '10.213.0.99', '--mac-address', '02:13:57:9b:df:99'];
  const shown = await podman('run', '--rm', '--network', network.name, ...wanted, '--rootfs', rootfs, '/bin/ip', 'addr');
  expect(shown).toContain('10.213.0.99/24');
  expect(shown).toContain('02:13:57:9b:df:99');
  await network.nothingLeft();
});

test('containers reach each other; stop and rm leave nothing', async () => {
  const { podman, network, rootfs } = node();
  await podman('run', '-d', '--name', 'server', '--network', network.name, '--rootfs', rootfs, '/bin/sleep', '1000');
  const ip = (await podman('inspect', '-f', `{{(index .NetworkSettings.Networks "${network.name}").IPAddress}}`, 'server')).trim();
  expect(ip).toMatch(/^10\.213\.0\./);
  await podman('run', '--rm', '--network', network.name, '--rootfs', rootfs, '/bin/ping', '-c', '1', '-W', '5', ip);
  await podman('rm', '-f', '-t', '0', 'server');
  await network.nothingLeft();
});

test('network reload: DEL and ADD in the same namespace, and the container is reached again', async () => {
  const { podman, network, rootfs } = node();
  await podman('run', '-d', '--name', 'reloaded', '--network', network.name, '--rootfs', rootfs, '/bin/sleep', '1000');
  await podman('network', 'reload', 'reloaded');
  const shown = await podman('exec', 'reloaded', '/bin/ip', 'addr');
  const [, ip = ''] = /inet (10\.213\.0\.\d+)/.exec(shown) ?? [];
  await must('ping', ['-c', '1', '-W', '5', ip]);
  await podman('rm', '-f', '-t', '0', 'reloaded');
  await network.nothingLeft();
});

test('network connect: a second interface on a running container, and disconnect takes it away', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { podman, network, rootfs } = node();
  await network.agent?.install(network.binDir, network.confDir, 'hwt-second');
  await podman('run', '-d', '--name', 'connected', '--network', network.name, '--rootfs', rootfs, '/bin/sleep', '1000');
  await podman('network', 'connect', 'hwt-second', 'connected');
  expect(await podman('exec', 'connected', '/bin/ip', 'addr', 'show', 'eth1')).toMatch(/inet 10\.213\.0\./);
  await podman('network', 'disconnect', 'hwt-second', 'connected');
  expect(await podman('exec', 'connected', '/bin/ip', 'addr')).not.toContain('eth1');
  await podman('rm', '-f', '-t', '0', 'connected');
  await network.nothingLeft();
});

test('while the agent is down a container is refused, one that runs can be removed', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { podman, attempt, network, rootfs } = node();
  await podman('run', '-d', '--name', 'orphan', '--network', network.name, '--rootfs', rootfs, '/bin/sleep', '1000');
  await network.agent?.stop('SIGKILL');
  expect((await attempt('run', '--rm', '--name', 'refused', '--network', network.name, '--rootfs', rootfs, '/bin/true')).code).not.toBe(0);
  await podman('rm', '-f', '-t', '0', 'orphan');
  await attempt('rm', '-f', '-t', '0', 'refused');
  await network.agent?.start();
  await network.nothingLeft();
});
