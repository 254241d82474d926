import { describe, expect, test } from 'vitest';
import { missing, TestNode } from './node.ts';
import { nothingLeft } from './nothing-left.ts';
import { poll } from './poll.ts';

/** Where the agent dies on the way of an ADD; see tests/support/kill-at.ts for the notation. */
const ADD_POINTS = [
  'attach.received',
  'attach.before_reserve',
  'attach.before_reserve>store.write.before',
  'attach.before_reserve>store.write.inside',
  'attach.before_reserve>store.write.after',
  'attach.after_reserve',
  'host.createBridge.before',
  'host.createBridge.after',
  'host.addAddress.after',
  'host.createVeth.before',
  'host.createVeth.after',
  'host.createVeth.after>host.addAddress.after',
  'host.createVeth.after>host.setLink.after',
  'host.replaceRoute.after#2',
  'host.setNeighbour.after#2',
  'host.masquerade.before',
  'host.masquerade.after',
  'attach.after_mode',
  'attach.after_mode>store.write.inside',
  'attach.after_commit',
];

/** And on the way of a DEL. */
const DEL_POINTS = [
  'detach.received',
  'detach.received>store.write.inside',
  'detach.after_release',
  'detach.after_release>store.write.inside',
  'detach.before_mode',
  'host.retireLink.before',
  'host.retireLink.after',
  'host.unmasquerade.before',
  'host.unmasquerade.after',
  'detach.after_mode',
  'detach.after_mode>store.write.inside',
  'detach.after_collect',
];

describe.skipIf(missing !== undefined)(`an agent that is killed${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test.for(ADD_POINTS)('during ADD, at %s, loses nothing', { timeout: 60_000 }, async (point) => {
    await using node = await TestNode.make();
    const netns = await node.pod('a');
    await node.start(point);
    const { code } = await node.cni('ADD', netns, 'a');
    expect(code).not.toBe(0);
    expect(await node.ended()).toMatchObject({ signal: 'SIGKILL' });

    await node.start();
    await noResourceWithoutItsAttachment(node);
    await addPingAndDelete(node, netns);
  });

  test.for(DEL_POINTS)('during DEL, at %s, loses nothing', { timeout: 60_000 }, async (point) => {
    await using node = await TestNode.make();
    const netns = await node.pod('a');
    await node.start(point);
    expect(await node.cni('ADD', netns, 'a')).toMatchObject({ code: 0 });
    // An agent that dies in the middle leaves a tombstone behind, which is as good as done.
    expect((await node.cni('DEL', netns, 'a')).code).toBe(0);
    expect(await node.ended()).toMatchObject({ signal: 'SIGKILL' });

    await node.start();
    await nothingLeft(node);
    await addPingAndDelete(node, netns);
  });
});

/** Held by nobody, held twice, a link without its attachment: none of these. */
async function noResourceWithoutItsAttachment(node: TestNode): Promise<void> {
  await poll('what the crash left is collected', async () => (await node.books()).attachments.every(({ state }) => state === 'attached'));
  const { attachments, claims, leases } = await node.books();
  const holders = claims.filter(({ state }) => state !== 'cooling').map(({ holder }) => holder?.containerId);
  expect(holders).toEqual(attachments.flatMap(({ claims: held, containerId }) => held.map(() => containerId)));
  expect(await node.hostLinks()).toHaveLength(attachments.length);
  expect(leases).toEqual([]);
}

async function addPingAndDelete(node: TestNode, netns: string): Promise<void> {
  const added = await node.cni('ADD', netns, 'a');
  expect(added).toMatchObject({ code: 0 });
  const { ips } = JSON.parse(added.output) as { readonly ips: readonly { readonly gateway: string }[] };
  for (const { gateway } of ips) await node.ping(netns, gateway);
  expect(await node.cni('CHECK', netns, 'a', { prevResult: JSON.parse(added.output) as never })).toMatchObject({ code: 0 });
  expect(await node.cni('DEL', netns, 'a')).toMatchObject({ code: 0 });
  await nothingLeft(node);
  expect(await node.stop()).toMatchObject({ code: 0 });
}
