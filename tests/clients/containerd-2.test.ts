import { join } from 'node:path';
import * as z from 'zod';
import { expect, test } from 'vitest';
import { Containerd } from './harness/containerd.ts';
import { must } from './harness/command.ts';
import { CONTAINERD_2 } from './harness/machine.ts';
import { type Network, openNetwork } from './harness/network.ts';
import { eventually } from './harness/poll.ts';
import { REFERENCE, shared } from './harness/suite.ts';

interface Node extends AsyncDisposable {
  readonly network: Network;
  readonly containerd: Containerd;
}

const node = shared<Node>(['crictl', 'runc', 'cni-lab', 'nft', CONTAINERD_2], async (folder) => {
  const network = await openNetwork(folder);
  const containerd = new Containerd(join(folder, 'c'), network, CONTAINERD_2);
  await containerd.start();
  const close = async (): Promise<void> => {
    await containerd.stop();
    await network[Symbol.asyncDispose]();
  };
  return { network, containerd, [Symbol.asyncDispose]: close };
});

const Information = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.boolean(), message: z.string().nullish() })) }),
});

/** The condition that a kubelet makes its node's readiness of; containerd asks the plugin's STATUS for it. */
async function networkReady(): Promise<{ readonly status: boolean; readonly message?: string | null | undefined }> {
  const { stdout } = await node().containerd.crictl('info');
  const { status } = Information.parse(JSON.parse(stdout));
  return status.conditions.find(({ type }) => type === 'NetworkReady') ?? expect.fail(stdout);
}

test('sandboxes of a runtime that speaks 1.1.0 reach each other, and leave nothing', async () => {
  const { containerd, network } = node();
  const [left, right] = await Promise.all([containerd.sandbox('left'), containerd.sandbox('right')]);
  await must('nsenter', [`--net=${left.netns}`, 'ping', '-c', '1', '-W', '5', right.ip]);
  for (const pod of [left, right]) await containerd.stopPod(pod.id);
  for (const pod of [left, right]) await containerd.removePod(pod.id);
  await network.nothingLeft();
});

test('the network is ready while the agent is, and its sentence is told while it is not', async (context) => {
  context.skip(REFERENCE, 'says nothing about the reference plugins');
  const { network } = node();
  await eventually('network ready', async () => ((await networkReady()).status ? true : undefined));
  await network.agent?.stop('SIGKILL');
  expect(await networkReady()).toMatchObject({ status: false, message: expect.stringContaining('the hawser agent is not running') });
  await network.agent?.start();
  expect(await networkReady()).toMatchObject({ status: true });
});
