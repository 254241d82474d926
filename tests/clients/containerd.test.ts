import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from './harness/command.ts';
import { Containerd, type Sandbox } from './harness/containerd.ts';
import { type Network, openNetwork } from './harness/network.ts';
import { REFERENCE, shared } from './harness/suite.ts';

interface Node extends AsyncDisposable {
  readonly network: Network;
  readonly containerd: Containerd;
}

const node = shared<Node>(['containerd', 'ctr', 'crictl', 'runc', 'cni-lab', 'nft'], async (folder) => {
  const network = await openNetwork(folder);
  const containerd = new Containerd(join(folder, 'c'), network);
  await containerd.start();
  const close = async (): Promise<void> => {
    await containerd.stop();
    await network[Symbol.asyncDispose]();
  };
  return { network, containerd, [Symbol.asyncDispose]: close };
});

const ping = (from: Sandbox, to: Sandbox): Promise<string> => must('nsenter', [`--net=${from.netns}`, 'ping', '-c', '1', '-W', '5', to.ip]);

test('sandboxes get addresses, reach each other, and leave nothing when they are stopped and removed', async () => {
  const { containerd, network } = node();
  const [left, right] = await Promise.all([containerd.sandbox('left'), containerd.sandbox('right')]);
  await ping(left, right);
  for (const pod of [left, right]) await containerd.stopPod(pod.id);
  await network.nothingLeft();
  for (const pod of [left, right]) await containerd.stopPod(pod.id); // a repeated Stop: DEL without a namespace
  for (const pod of [left, right]) await containerd.removePod(pod.id);
  await network.nothingLeft();
});

test('ten pods in parallel, run and stopped', async () => {
  const { containerd, network } = node();
  const pods = await Promise.all(Array.from({ length: 10 }, (_, index) => containerd.sandbox(`many-${index}`)));
  expect(new Set(pods.map((pod) => pod.ip)).size).toBe(10);
  await Promise.all(pods.map((pod) => containerd.stopPod(pod.id)));
  await Promise.all(pods.map((pod) => containerd.removePod(pod.id)));
  await network.nothingLeft();
});

test('pods go on over a crash of containerd and are removed after it', async () => {
  const { containerd, network } = node();
  const [left, right] = await Promise.all([containerd.sandbox('before-1'), containerd.sandbox('before-2')]);
  containerd.kill();
  await ping(left, right);
  await containerd.start();
  for (const pod of [left, right]) await containerd.stopPod(pod.id);
  for (const pod of [left, right]) await containerd.removePod(pod.id);
  await network.nothingLeft();
});

test('the pod that Kubernetes names is on the attachment', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { containerd, network } = node();
  const pod = await containerd.sandbox('named');
  const [row] = (await network.agent?.attachments()) ?? [];
  expect(row).toMatchObject({ containerId: pod.id, ifname: 'eth0', pod: { namespace: 'default', name: 'named', uid: 'uid-named' } });
  await containerd.stopPod(pod.id);
  await containerd.removePod(pod.id);
  await network.nothingLeft();
});

test('while the agent is down a pod is refused, one that runs is stopped; after its start nothing is left and pods run', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { containerd, network } = node();
  const pod = await containerd.sandbox('survivor');
  await network.agent?.stop('SIGKILL');
  const refused = await containerd.runPod('refused');
  expect(refused.code).not.toBe(0);
  await containerd.stopPod(pod.id);
  await containerd.removePod(pod.id);
  await network.agent?.start();
  await network.nothingLeft();
  const next = await containerd.sandbox('next');
  await containerd.stopPod(next.id);
  await containerd.removePod(next.id);
  await network.nothingLeft();
});

test('killed while pods are run: what failed is run again, and all of it goes', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { containerd, network } = node();
  const calls = Array.from({ length: 6 }, (_, index) => containerd.runPod(`crash-${index}`));
  await Promise.race(calls);
  await network.agent?.stop('SIGKILL');
  const outcomes = await Promise.all(calls);
  await network.agent?.start();
  const pods = await Promise.all(
    outcomes.map(async ({ code, stdout }, index) => (code === 0 ? stdout.trim() : (await containerd.sandbox(`crash-again-${index}`)).id)),
  );
  for (const id of pods) await containerd.stopPod(id);
  for (const id of pods) await containerd.removePod(id);
  await network.nothingLeft();
});
